import { signal } from '@preact/signals';
import type { Failure } from '../../errors.ts';
import { engine } from './engine.ts';
import { adapter } from './trial.ts';

export const downloadFailure = signal<Failure | undefined>(undefined);
/** The current adapter's model card, once it was asked for. */
export const modelCard = signal<string | undefined>(undefined);

adapter.subscribe(() => (modelCard.value = undefined));

/** Gives bytes to the browser's downloads. */
export function saveFile(name: string, content: Uint8Array | string, type: string): void {
  const part = typeof content === 'string' ? content : (content as Uint8Array<ArrayBuffer>);
  const url = URL.createObjectURL(new Blob([part], { type }));
  const link = Object.assign(document.createElement('a'), { href: url, download: name });
  link.click();
  // The browser reads the URL after this turn; a minute is ample for a file in memory.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

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
