import { signal } from '@preact/signals';
import type { Failure } from '../../errors.ts';
import { saveFile } from '../save-file.ts';
import { engine } from '../state/engine.ts';
import { adapter } from '../try/trial.ts';

export const downloadFailure = signal<Failure | undefined>(undefined);
/** The current adapter's model card, once it was asked for. */
export const modelCard = signal<string | undefined>(undefined);

adapter.subscribe(() => (modelCard.value = undefined));

/** Hands the current adapter's PEFT folder to the browser as one zip. */
export async function download(): Promise<void> {
  const current = adapter.value;
  if (current === undefined) return;
  const exported = await engine.exportAdapter(current.id, 'zip');
  downloadFailure.value = exported.ok ? undefined : exported.error;
  const [zip] = exported.ok ? exported.value : [];
  if (zip !== undefined) saveFile(`${current.out}.zip`, zip.bytes, 'application/zip');
}

export async function showModelCard(): Promise<void> {
  const current = adapter.value;
  if (current === undefined) return;
  const exported = await engine.exportAdapter(current.id, 'files');
  if (!exported.ok) {
    downloadFailure.value = exported.error;
    return;
  }
  const card = exported.value.find(({ name }) => name === 'README.md');
  modelCard.value = card === undefined ? '' : new TextDecoder().decode(card.bytes);
}
