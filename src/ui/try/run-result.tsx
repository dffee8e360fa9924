import type { RunReport } from '../../../workers/engine/contract.ts';
import { download, downloadFailure } from '../take-away/take-away.ts';
import { continueRun, curve, type RunView } from '../train/training.ts';
import { baseAnswer, question, tunedAnswer } from './trial.ts';
import { t } from '../messages/language.ts';
import { Problem } from '../parts/problem.tsx';
import { KeepsNothing } from '../parts/keeps-nothing.tsx';
import { AnswerPanes } from './answer-panes.tsx';

/** What a run came to, shown on a question; and the things to do now. */
export function RunResult({ view, report }: { readonly view: RunView; readonly report: RunReport }) {
  const texts = t().result;
  const first = curve.value.steps[0]?.loss;
  const wasStopped = report.ended === 'stopped';
  const hasAnswers = baseAnswer.value.kind !== 'none' || tunedAnswer.value.kind !== 'none';
  return (
    <div class="result">
      <p class="result-title">
        {wasStopped
          ? texts.stopped(report.steps, view.totalSteps)
          : report.ended === 'early-stopped'
            ? texts.early(report.steps)
            : texts.learned}
      </p>
      <p>
        {first !== undefined && <>{texts.loss(first, report.finalLoss, report.elapsedSeconds)} </>}
        {wasStopped && texts.nothingLost}
      </p>
      <KeepsNothing />
      {hasAnswers && (
        <>
          <p>
            <span class="quiet">{texts.asked}</span> {question.value}
          </p>
          <AnswerPanes />
        </>
      )}
      {downloadFailure.value !== undefined && <Problem failure={downloadFailure.value} lost={texts.adapterStillHere} />}
      <div class="actions">
        <a class="button primary" href="#/try">
          {texts.try}
        </a>
        <button type="button" onClick={() => void download()}>
          {texts.download}
        </button>
        {wasStopped && (
          <button type="button" onClick={() => void continueRun(view.out)}>
            {t().train.continue}
          </button>
        )}
      </div>
    </div>
  );
}
