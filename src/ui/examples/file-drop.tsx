import { useSignal } from '@preact/signals';
import { t } from '../messages/language.ts';
import { mayBeAdapter, openAdapterFiles } from '../take-away/open-adapter.ts';
import { Rich } from '../parts/rich.tsx';
import { chosenSource, examples, titleOf } from './examples.ts';

interface FileDropProps {
  readonly isDisabled: boolean;
  readonly onFile: (file: File) => void;
}

/** A file by drop or by the system's dialog; it is read here and sent nowhere. */
export function FileDrop({ isDisabled, onFile }: FileDropProps) {
  const isOver = useSignal(false);
  const isOwn = chosenSource.value === 'own';
  const take = (file: File): void => {
    const files = [{ name: file.name, bytes: file }];
    if (mayBeAdapter(files)) void openAdapterFiles(files);
    else onFile(file);
  };
  const over = (event: DragEvent): void => {
    event.preventDefault();
    isOver.value = !isDisabled;
  };
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    isOver.value = false;
    const [file] = event.dataTransfer?.files ?? [];
    if (file !== undefined && !isDisabled) take(file);
  };
  const pick = (event: Event): void => {
    const input = event.currentTarget as HTMLInputElement;
    const [file] = input.files ?? [];
    if (file !== undefined) take(file);
    // The same file, changed meanwhile, can be picked again.
    input.value = '';
  };
  return (
    <label
      class={`drop${isOver.value ? ' is-over' : ''}${isOwn ? ' is-chosen' : ''}`}
      onDragOver={over}
      onDragLeave={() => (isOver.value = false)}
      onDrop={drop}
    >
      <input
        type="file"
        class="visually-hidden"
        accept=".jsonl,.json,.csv,.tsv,.txt,.md,.xlsx,.docx,.parquet"
        disabled={isDisabled}
        onChange={pick}
      />
      <span class="choice-title">{isOwn && examples.value.kind !== 'loading' ? ownTitle() : t().examples.ownFile}</span>
      <span class="choice-text">
        <Rich text={t().examples.drop} parts={{ link: (inner) => <span class="link">{inner}</span> }} />
      </span>
    </label>
  );
}

function ownTitle(): string {
  const state = examples.value;
  return state.kind === 'ready' ? titleOf(state.set) : state.title;
}
