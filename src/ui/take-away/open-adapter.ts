import { signal } from '@preact/signals';
import type { Failure } from '../../errors.ts';
import type { NamedFile } from '../../../workers/engine/contract.ts';
import { engine, model } from '../state/engine.ts';
import { go } from '../state/place.ts';
import { adapter } from '../try/trial.ts';

export const openFailure = signal<Failure | undefined>(undefined);

/** Whether files may be an adapter: the page's own download, or what other tools write. */
export const mayBeAdapter = (files: readonly NamedFile[]): boolean =>
  files.some(({ name }) =>
    /\.zip$|(^|\/)adapter_(config\.json|model\.safetensors)$|(^|\/)adapters\.safetensors$/i.test(name),
  );

/** Makes an adapter that was saved before the one that is tried. */
export async function openAdapterFiles(files: readonly NamedFile[]): Promise<void> {
  openFailure.value = undefined;
  if (model.value.kind !== 'ready') return;
  const opened = await engine.loadAdapter(model.value.facts.id, files);
  if (!opened.ok) {
    openFailure.value = opened.error;
    go('take-away');
    return;
  }
  const [first] = files;
  const title = (first?.name ?? '').replace(/\/.*|\.(zip|gguf)$/gi, '');
  adapter.value = { id: opened.value, out: title, title };
  go('try');
}
