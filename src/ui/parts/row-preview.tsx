import { useSignal } from '@preact/signals';
import { leaveOutBadRows, type ExampleSet } from '../state/examples.ts';
import { formatCount, plural } from '../words.ts';
import { Breakable } from './breakable.tsx';

const FEW = 4;
const MANY = 40;

/** The first rows, so that one sees that question and answer landed where they belong. */
export function RowPreview({ set }: { readonly set: ExampleSet }) {
  const shown = useSignal(FEW);
  const rows = set.rows.slice(0, shown.value);
  return (
    <div class="preview">
      <p class="quiet">
        {plural(set.rows.length, 'example')} to learn from
        {set.heldOut.length > 0 && <>, and {formatCount(set.heldOut.length)} more kept back to test with</>}.
      </p>
      {rows.length > 0 && (
        <table>
          <caption class="visually-hidden">The first rows of {set.title}</caption>
          <thead>
            <tr>
              <th scope="col">Question</th>
              <th scope="col">Wanted answer</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ line, question, answer }) => (
              <tr key={line}>
                <td>{question === '' ? <span class="quiet">(plain text)</span> : question}</td>
                <td>
                  <Breakable text={answer} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {set.rows.length > FEW && (
        <button
          type="button"
          class="plain"
          aria-expanded={shown.value > FEW}
          onClick={() => (shown.value = shown.value > FEW ? FEW : MANY)}
        >
          {shown.value > FEW ? 'Show fewer' : `Show ${Math.min(MANY, set.rows.length)} rows`}
        </button>
      )}
      {set.notes.map((note) => (
        <p key={note} class="quiet">
          {note}
        </p>
      ))}
      {set.problems.length > 0 && <BadRows set={set} />}
    </div>
  );
}

function BadRows({ set }: { readonly set: ExampleSet }) {
  return (
    <div class="problem" role="alert">
      <p class="problem-title">{plural(set.problems.length, 'row')} cannot be used</p>
      <ul>
        {set.problems.slice(0, 5).map(({ line, reason, fix }) => (
          <li key={line}>
            Line {line}: {reason}
            {fix !== undefined && <>; {fix}</>}
          </li>
        ))}
        {set.problems.length > 5 && <li>and {formatCount(set.problems.length - 5)} more</li>}
      </ul>
      {set.rows.length > 0 ? (
        <label class="check">
          <input
            type="checkbox"
            checked={leaveOutBadRows.value}
            onChange={({ currentTarget }) => (leaveOutBadRows.value = currentTarget.checked)}
          />
          Leave these rows out and train on the other {formatCount(set.rows.length)}
        </label>
      ) : (
        <p>There is nothing left to train on: repair the file and drop it again.</p>
      )}
    </div>
  );
}
