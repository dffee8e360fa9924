import type { RunReport } from '../../../workers/engine/contract.ts';
import { curve, type RunView } from '../state/training.ts';
import { download } from '../state/take-away.ts';
import { formatDuration } from '../words.ts';
import { ContinueButton } from './continue-button.tsx';

/** What a run came to, and the two things to do now. */
export function RunResult({ view, report }: { readonly view: RunView; readonly report: RunReport }) {
  const first = curve.value.losses[0];
  const wasStopped = report.ended === 'stopped';
  return (
    <div class="result">
      <p class="result-title">
        {wasStopped
          ? `Stopped after ${report.steps} of ${view.totalSteps} steps`
          : 'The model has learned your examples'}
      </p>
      <p>
        {first !== undefined && (
          <>
            Its loss went from {first.toFixed(2)} to {report.finalLoss.toFixed(2)} in{' '}
            {formatDuration(report.elapsedSeconds)}.{' '}
          </>
        )}
        {wasStopped
          ? 'Nothing is lost: try what it has learned so far, or go on.'
          : 'See what changed, or take the result with you.'}
      </p>
      <div class="actions">
        <a class="button primary" href="#try">
          Try it
        </a>
        <button type="button" onClick={() => void download()}>
          Download
        </button>
        {wasStopped && <ContinueButton />}
      </div>
    </div>
  );
}
