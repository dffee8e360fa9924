import type { NamedFile } from '../../../workers/engine/contract.ts';
import { filesOfPicker } from '../examples/dropped-files.ts';
import { model, openModel } from '../state/engine.ts';
import { mayBeAdapter, openAdapterFiles } from '../take-away/open-adapter.ts';
import { isTraining } from '../train/training.ts';
import { t } from '../messages/language.ts';

export const isOwnLocked = (): boolean => isTraining.value || model.value.kind === 'loading';

/** Opens a model's files, or an adapter's that were brought to the same place. */
export function openOwn(files: readonly NamedFile[]): void {
  if (files.length === 0 || isOwnLocked()) return;
  // A model's folder has weights of its own beside what an adapter has.
  if (mayBeAdapter(files) && !files.some(({ name }) => /(^|\/)config\.json$/.test(name))) void openAdapterFiles(files);
  else void openModel({ kind: 'files', files });
}

/** A model from this device: a folder as Hugging Face lays it out, or one GGUF file. */
export function OwnPickers() {
  const isLocked = isOwnLocked();
  const pick = ({ currentTarget }: { readonly currentTarget: HTMLInputElement }): void => {
    openOwn(filesOfPicker(currentTarget.files));
    currentTarget.value = '';
  };
  return (
    <>
      <label class="button">
        {t().model.own.folder}
        <input type="file" class="visually-hidden" disabled={isLocked} onChange={pick} {...{ webkitdirectory: true }} />
      </label>
      <label class="button">
        {t().model.own.gguf}
        <input type="file" class="visually-hidden" accept=".gguf" disabled={isLocked} onChange={pick} />
      </label>
    </>
  );
}
