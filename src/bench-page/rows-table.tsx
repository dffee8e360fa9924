import { CopyButton } from '../ui/parts/copy-button.tsx';
import { saveFile } from '../ui/save-file.ts';
import { clearRows, isMeasuring, rows } from './measurement.ts';
import { fileName, jsonLines, memoryText, rateText, timeText } from './row-text.ts';

/** What came so far, and the ways to take it along. */
export function RowsTable() {
  const all = rows.value;
  const [first] = all;
  if (first === undefined) return <p class="quiet">None yet.</p>;
  const { adapter, runtime, commit } = first;
  return (
    <>
      <p class="quiet">
        {adapter || 'An adapter without a name'} · {runtime} · commit {commit}
      </p>
      {/* In the order of the Tab key, so that it can be scrolled by keyboard. */}
      <div class="scroll" role="region" aria-label="Table of the rows" tabIndex={0}>
        <table class="plain-table bench-rows">
          <caption class="visually-hidden">What was measured</caption>
          <thead>
            <tr>
              <th scope="col">Suite</th>
              <th scope="col">Case</th>
              <th scope="col">Implementation</th>
              <th scope="col">ms</th>
              <th scope="col">Rate</th>
              <th scope="col">Memory</th>
              <th scope="col">Status</th>
            </tr>
          </thead>
          <tbody>
            {all.map((row, index) => (
              <tr key={index}>
                <td>{row.suite}</td>
                <td>{row.case}</td>
                <td>{row.impl}</td>
                <td>{timeText(row)}</td>
                <td>{rateText(row)}</td>
                <td>{memoryText(row)}</td>
                <td>{row.status}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div class="actions">
        <button type="button" onClick={() => saveFile(fileName(all), jsonLines(all), 'application/jsonl')}>
          Save rows
        </button>
        <CopyButton text={jsonLines(all)}>Copy rows</CopyButton>
        <button type="button" class="plain" disabled={isMeasuring.value} onClick={clearRows}>
          Clear
        </button>
      </div>
    </>
  );
}
