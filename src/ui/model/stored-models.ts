import { signal } from '@preact/signals';
import type { Failure } from '../../errors.ts';
import { engine, forgetModel } from '../state/engine.ts';
import { readStorage } from '../state/storage-use.ts';

type Listed = Awaited<ReturnType<typeof engine.listModels>>;
export type StoredModel = Extract<Listed, { ok: true }>['value'][number];

export const storedModels = signal<readonly StoredModel[]>([]);
export const storedFailure = signal<Failure | undefined>(undefined);

export async function refreshStoredModels(): Promise<void> {
  const [listed] = await Promise.all([engine.listModels(), readStorage()]);
  if (listed.ok) storedModels.value = listed.value;
  storedFailure.value = listed.ok ? undefined : listed.error;
}

export async function deleteStoredModel({ id, name }: Pick<StoredModel, 'id' | 'name'>): Promise<void> {
  forgetModel(name);
  const deleted = await engine.deleteModel(id);
  storedFailure.value = deleted.ok ? undefined : deleted.error;
  if (deleted.ok) await refreshStoredModels();
}
