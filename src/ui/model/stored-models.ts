import { signal } from '@preact/signals';
import type { Failure } from '../../errors.ts';
import { engine } from '../state/engine.ts';

type Listed = Awaited<ReturnType<typeof engine.listModels>>;
export type StoredModel = Extract<Listed, { ok: true }>['value'][number];

export const storedModels = signal<readonly StoredModel[]>([]);
export const storedFailure = signal<Failure | undefined>(undefined);
/** Room for more; undefined where the browser does not say. */
export const freeBytes = signal<number | undefined>(undefined);

export async function refreshStoredModels(): Promise<void> {
  const [listed, room] = await Promise.all([engine.listModels(), engine.modelStorage()]);
  if (listed.ok) storedModels.value = listed.value;
  storedFailure.value = listed.ok ? undefined : listed.error;
  freeBytes.value = room.ok ? room.value.freeBytes : undefined;
}

export async function deleteStoredModel(id: string): Promise<void> {
  const deleted = await engine.deleteModel(id);
  storedFailure.value = deleted.ok ? undefined : deleted.error;
  if (deleted.ok) await refreshStoredModels();
}
