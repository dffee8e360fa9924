import { useSignal, useSignalEffect } from '@preact/signals';
import type { ShownRow } from '../../../workers/data/contract.ts';
import { t } from '../messages/language.ts';
import { editSet, isEditing, revision, rowsOf, titleOf, type ExampleSet } from './examples.ts';
import { Breakable } from '../parts/breakable.tsx';

const FEW = 4;
const PAGE = 20;

interface RowTableProps {
  readonly set: ExampleSet;
  readonly isLocked: boolean;
}

/** The rows, a page at a time: to see that question and answer landed where they belong, and to change them. */
export function RowTable({ set, isLocked }: RowTableProps) {
  const texts = t().examples.table;
  const isOpen = useSignal(false);
  const from = useSignal(0);
  const page = useSignal<readonly ShownRow[]>([]);
  const { rowCount, first } = set.facts;
  const showsPages = isOpen.value || isEditing.value;
  useSignalEffect(() => {
    const [start, at] = [from.value, revision.value];
    if (!isOpen.value && !isEditing.value) return;
    void rowsOf(start, PAGE).then((rows) => {
      if (rows.ok && from.peek() === start && revision.peek() === at) page.value = rows.value;
    });
  });
  const rows = showsPages ? page.value : first.slice(0, FEW);
  return (
    <div class="preview">
      {rows.length > 0 && (
        <table>
          <caption class="visually-hidden">{texts.caption(titleOf(set))}</caption>
          <thead>
            <tr>
              <th scope="col" class="number">
                {texts.row}
              </th>
              <th scope="col">{texts.question}</th>
              <th scope="col">{texts.answer}</th>
              {isEditing.value && (
                <th scope="col" class="narrow">
                  <span class="visually-hidden">{texts.remove}</span>
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) =>
              isEditing.value && row.isPair ? (
                <EditableRow key={`${row.line}/${row.index}`} row={row} />
              ) : (
                <tr key={`${row.line}/${row.index}`}>
                  <td class="number">{row.index + 1}</td>
                  <td>{row.question === '' ? <span class="quiet">{texts.plainText}</span> : row.question}</td>
                  <td>
                    <Breakable text={row.answer} />
                  </td>
                  {isEditing.value && <td />}
                </tr>
              ),
            )}
          </tbody>
        </table>
      )}
      {isEditing.value && <NewRow />}
      <div class="actions">
        {rowCount > 0 && (
          <button
            type="button"
            class="plain"
            aria-expanded={showsPages}
            onClick={() => {
              isOpen.value = !showsPages;
              isEditing.value = false;
              from.value = 0;
            }}
          >
            {showsPages ? texts.fewer : texts.all(rowCount)}
          </button>
        )}
        {!isEditing.value && rowCount > 0 && (
          <button type="button" class="plain" disabled={isLocked} onClick={() => (isEditing.value = true)}>
            {texts.edit}
          </button>
        )}
        {showsPages && rowCount > PAGE && (
          <>
            <button
              type="button"
              class="plain"
              disabled={from.value === 0}
              onClick={() => (from.value = Math.max(0, from.value - PAGE))}
            >
              {texts.previous}
            </button>
            <span class="quiet">{texts.range(from.value + 1, Math.min(rowCount, from.value + PAGE))}</span>
            <button
              type="button"
              class="plain"
              disabled={from.value + PAGE >= rowCount}
              onClick={() => (from.value += PAGE)}
            >
              {texts.next}
            </button>
          </>
        )}
      </div>
    </div>
  );
}

function EditableRow({ row }: { readonly row: ShownRow }) {
  const change = (question: string, answer: string): void => {
    if (question !== row.question || answer !== row.answer) {
      void editSet({ kind: 'change', index: row.index, question, answer });
    }
  };
  return (
    <tr class="is-editable">
      <td class="number">{row.index + 1}</td>
      <td>
        <textarea
          rows={2}
          aria-label={t().examples.table.questionOf(row.index + 1)}
          value={row.question}
          onChange={({ currentTarget }) => change(currentTarget.value, row.answer)}
        />
      </td>
      <td>
        <textarea
          rows={2}
          aria-label={t().examples.table.answerOf(row.index + 1)}
          value={row.answer}
          onChange={({ currentTarget }) => change(row.question, currentTarget.value)}
        />
      </td>
      <td>
        <button
          type="button"
          class="plain"
          aria-label={t().examples.table.removeOf(row.index + 1)}
          onClick={() => void editSet({ kind: 'remove', index: row.index })}
        >
          ✕
        </button>
      </td>
    </tr>
  );
}

/** The row that is being written; rows pasted from a spreadsheet go in as they are. */
function NewRow() {
  const question = useSignal('');
  const answer = useSignal('');
  const add = (event: Event): void => {
    event.preventDefault();
    if (question.value.trim() === '' || answer.value.trim() === '') return;
    void editSet({ kind: 'add', rows: [{ question: question.value.trim(), answer: answer.value.trim() }] });
    question.value = '';
    answer.value = '';
    document.querySelector<HTMLElement>('#new-question')?.focus();
  };
  const paste = (event: ClipboardEvent): void => {
    const text = event.clipboardData?.getData('text/plain') ?? '';
    const rows = text
      .split(/\r?\n/)
      .map((line) => line.split('\t'))
      .filter((cells) => cells.length === 2)
      .map(([asked = '', said = '']) => ({ question: asked.trim(), answer: said.trim() }));
    if (rows.length === 0) return;
    event.preventDefault();
    void editSet({ kind: 'add', rows });
  };
  return (
    <form class="new-row" onSubmit={add} onPaste={paste}>
      <div class="field">
        <label for="new-question">{t().examples.table.newQuestion}</label>
        <textarea
          id="new-question"
          rows={2}
          value={question.value}
          onInput={({ currentTarget }) => (question.value = currentTarget.value)}
        />
      </div>
      <div class="field">
        <label for="new-answer">{t().examples.table.newAnswer}</label>
        <textarea
          id="new-answer"
          rows={2}
          value={answer.value}
          onKeyDown={(event) => {
            // Enter adds the row, as in a spreadsheet; Shift+Enter begins a line.
            if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) add(event);
          }}
          onInput={({ currentTarget }) => (answer.value = currentTarget.value)}
        />
      </div>
      <button type="submit" disabled={question.value.trim() === '' || answer.value.trim() === ''}>
        {t().examples.table.add}
      </button>
    </form>
  );
}
