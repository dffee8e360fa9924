import type { RunReport } from '../../../workers/engine/contract.ts';
import { download, downloadFailure } from '../take-away/take-away.ts';
import { continueRun, curve, type RunView } from '../train/training.ts';
import { baseAnswer, question, tunedAnswer } from './trial.ts';
import { formatDuration } from '../words.ts';
import { Problem } from '../parts/problem.tsx';
import { KeepsNothing } from '../parts/keeps-nothing.tsx';
import { AnswerPanes } from './answer-panes.tsx';

/** What a run came to, shown on a question; and the things to do now. */
export function RunResult({ view, report }: { readonly view: RunView; readonly report: RunReport }) {
  const first = curve.value.steps[0]?.loss;
  const wasStopped = report.ended === 'stopped';
  const hasAnswers = baseAnswer.value.kind !== 'none' || tunedAnswer.value.kind !== 'none';
  return (
    <div class="result">
      <p class="result-title">
        {wasStopped
          ? `Stopped after ${report.steps} of ${view.totalSteps} steps`
          : report.ended === 'early-stopped'
            ? `Ended after ${report.steps} steps: it no longer got better, and the best state is kept`
            : 'The model has learned your examples'}
      </p>
      <p>
        {first !== undefined && (
          <>
            Its loss went from {first.toFixed(2)} to {report.finalLoss.toFixed(2)} in{' '}
            {formatDuration(report.elapsedSeconds)}.{' '}
          </>
        )}
        {wasStopped && 'Nothing is lost: try what it has learned so far, or go on.'}
      </p>
      <KeepsNothing />
      {hasAnswers && (
        <>
          <p>
            <span class="quiet">Asked:</span> {question.value}
          </p>
          <AnswerPanes />
        </>
      )}
      {downloadFailure.value !== undefined && (
        <Problem failure={downloadFailure.value} lost="Nothing was lost: the adapter is still here." />
      )}
      <div class="actions">
        <a class="button primary" href="#/try">
          Try it
        </a>
        <button type="button" onClick={() => void download()}>
          Download
        </button>
        {wasStopped && (
          <button type="button" onClick={() => void continueRun(view.out)}>
            Continue training
          </button>
        )}
      </div>
    </div>
  );
}
