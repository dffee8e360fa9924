import { useSignal } from '@preact/signals';
import type { TableFacts } from '../../data/table-rows.ts';
import { t } from '../messages/language.ts';
import { chooseColumns } from './examples.ts';

const shortened = (text: string): string => (text.length > 120 ? `${text.slice(0, 120)}…` : text);

/** Asked only when neither names nor contents tell: which column is the question, which the answer. */
export function ColumnPicker({ table, title }: { readonly table: TableFacts; readonly title: string }) {
  const texts = t().examples.columns;
  const { names, first, hasHeader, columns = {} } = table;
  const question = useSignal(columns['question'] ?? names[0] ?? '');
  const answer = useSignal(columns['answer'] ?? names[1] ?? '');
  const isHeader = useSignal(hasHeader);
  const places = names.map((name, i) => ({
    value: `#${i + 1}`,
    label: name.startsWith('#') ? texts.column(i + 1) : name,
  }));
  const placeOf = (name: string): string => (name.startsWith('#') ? name : `#${names.indexOf(name) + 1}`);
  return (
    <form
      class="problem"
      onSubmit={(event) => {
        event.preventDefault();
        void chooseColumns(placeOf(question.value), placeOf(answer.value), isHeader.value);
      }}
    >
      <p class="problem-title">{texts.title(title)}</p>
      <div class="fields">
        {(
          [
            ['question', question],
            ['answer', answer],
          ] as const
        ).map(([which, chosen]) => (
          <div key={which} class="field">
            <label for={`column-${which}`}>{texts[which]}</label>
            <select
              id={`column-${which}`}
              value={placeOf(chosen.value)}
              onChange={({ currentTarget }) => (chosen.value = currentTarget.value)}
            >
              {places.map(({ value, label: name }) => (
                <option key={value} value={value}>
                  {name}
                </option>
              ))}
            </select>
          </div>
        ))}
      </div>
      <label class="check">
        <input
          type="checkbox"
          checked={isHeader.value}
          onChange={({ currentTarget }) => (isHeader.value = currentTarget.checked)}
        />
        {texts.header}
      </label>
      <div class="scroll" role="region" aria-label={texts.firstRows} tabIndex={0}>
        <table class="plain-table">
          <thead>
            <tr>
              {places.map(({ value, label }) => (
                <th key={value} scope="col">
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {first.map((cells, r) => (
              <tr key={r}>
                {cells.map((text, c) => (
                  <td key={c}>{shortened(text)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div class="actions">
        <button type="submit" class="primary" disabled={question.value === answer.value}>
          {texts.use}
        </button>
      </div>
    </form>
  );
}
