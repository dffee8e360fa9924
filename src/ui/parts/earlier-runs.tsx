import type { RunSummary } from '../../../workers/engine/contract.ts';
import { earlierRuns, openEarlierRun, runsFailure } from '../state/runs.ts';
import { readRunName } from '../state/run-name.ts';
import { isTraining } from '../state/training.ts';
import { adapter } from '../state/trial.ts';
import { plural } from '../words.ts';
import { Problem } from './problem.tsx';

/** What this browser keeps from before. */
export function EarlierRuns() {
  const runs = earlierRuns.value;
  return (
    <div class="earlier">
      {runs.length > 0 && (
        <>
          <h3>Earlier runs</h3>
          <ul class="runs">
            {runs.map((summary) => (
              <EarlierRun key={summary.out} summary={summary} />
            ))}
          </ul>
        </>
      )}
      {runsFailure.value !== undefined && (
        <Problem failure={runsFailure.value} lost="Runs that are stored stay stored." />
      )}
    </div>
  );
}

function EarlierRun({ summary }: { readonly summary: RunSummary }) {
  const { title, began } = readRunName(summary.out);
  const isOpen = adapter.value?.out === summary.out;
  const when = began?.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
  return (
    <li>
      <span>
        <strong>{title}</strong>{' '}
        <span class="quiet">
          {[
            when,
            summary.finished
              ? plural(summary.step, 'step')
              : `stopped at step ${summary.step} of ${summary.totalSteps}`,
          ]
            .filter((text) => text !== undefined)
            .join(', ')}
        </span>
      </span>
      {isOpen ? (
        <span class="quiet">open</span>
      ) : (
        <button
          type="button"
          class="plain"
          disabled={isTraining.value}
          aria-label={`Open ${title}, ${when ?? summary.out}`}
          onClick={() => void openEarlierRun(summary.out)}
        >
          Open
        </button>
      )}
    </li>
  );
}
