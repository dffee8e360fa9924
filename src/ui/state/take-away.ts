import { signal } from '@preact/signals';
import type { Failure } from '../../errors.ts';
import { engine } from './engine.ts';
import { adapter } from './trial.ts';

export const downloadFailure = signal<Failure | undefined>(undefined);

/** Hands the current adapter's PEFT folder to the browser as one zip. */
export async function download(): Promise<void> {
  const current = adapter.value;
  if (current === undefined) return;
  const exported = await engine.exportAdapter(current.id, 'zip');
  if (!exported.ok) {
    downloadFailure.value = exported.error;
    return;
  }
  downloadFailure.value = undefined;
  const [zip] = exported.value;
  if (zip === undefined) return;
  const url = URL.createObjectURL(new Blob([zip.bytes as Uint8Array<ArrayBuffer>], { type: 'application/zip' }));
  const link = Object.assign(document.createElement('a'), { href: url, download: `${current.out}.zip` });
  link.click();
  // The browser reads the URL after this turn; a minute is ample for a file in memory.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
