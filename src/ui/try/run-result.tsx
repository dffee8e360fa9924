import type { RunReport } from '../../../workers/engine/contract.ts';
import { exam, type ExamState } from '../exam/exam.ts';
import { isSuccess, nextStep, type Evidence, type NextStep, type Score, type Verdict } from '../exam/verdict.ts';
import { verdictText } from '../exam/verdict-text.ts';
import { examples } from '../examples/examples.ts';
import { ModelAdvice } from '../examples/model-advice.tsx';
import { t } from '../messages/language.ts';
import { download, downloadFailure } from '../take-away/take-away.ts';
import { continueRun, curve, teachAll, trainLonger, type RunView } from '../train/training.ts';
import { baseAnswer, question, tunedAnswer } from './trial.ts';
import { Problem } from '../parts/problem.tsx';
import { KeepsNothing } from '../parts/keeps-nothing.tsx';
import { OnlyInTab } from '../parts/only-in-tab.tsx';
import { isCleared } from '../take-away/runs.ts';
import { AnswerPanes } from './answer-panes.tsx';

/** Steps from which a run that failed its exam is not helped by more of them. */
const LONG_STEPS = 400;

/** What a run is worth, by its exam; and the one thing to do now. */
export function RunResult({ view, report }: { readonly view: RunView; readonly report: RunReport }) {
  const texts = t().result;
  const first = curve.value.steps[0]?.loss;
  const wasStopped = report.ended === 'stopped';
  const hasAnswers = baseAnswer.value.kind !== 'none' || tunedAnswer.value.kind !== 'none';
  const state: ExamState = exam.value.kind !== 'none' && exam.value.out === view.out ? exam.value : { kind: 'none' };
  const verdict = state.kind === 'done' ? state.verdict : undefined;
  const isGood = verdict !== undefined && isSuccess(verdict);
  return (
    <div class={isGood ? 'result is-ready' : 'result'}>
      <p class="result-title" role="status">
        {headline(state, view)}
      </p>
      {state.kind === 'done' && <Counts evidence={state.evidence} />}
      <p>
        {wasStopped && texts.stopped(report.steps, view.totalSteps)}
        {report.ended === 'early-stopped' && texts.early(report.steps)}{' '}
        {first !== undefined && texts.loss(first, report.finalLoss, report.elapsedSeconds)}{' '}
        {wasStopped && !isCleared(view.out) && texts.nothingLost}
      </p>
      <KeepsNothing />
      <OnlyInTab />
      {verdict !== undefined && !isGood && <Advice view={view} />}
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
        <Next verdict={verdict} view={view} />
        <button type="button" onClick={() => void download()}>
          {texts.download}
        </button>
        {wasStopped && !isCleared(view.out) && (
          <button type="button" onClick={() => void continueRun(view.out)}>
            {t().train.continue}
          </button>
        )}
        {state.kind === 'done' && isGood && view.source === 'own' && view.evalData !== undefined && (
          <TeachAll view={view} evidence={state.evidence} />
        )}
      </div>
    </div>
  );
}

function headline(state: ExamState, view: RunView): string {
  const { asking, done, taughtAll } = t().result;
  if (state.kind === 'asking') return asking(state.asked, state.of);
  if (state.kind !== 'done') return done;
  if (view.repeats !== undefined && state.verdict.kind === 'too-few' && state.verdict.isTaught)
    return taughtAll(view.repeats.right, view.repeats.asked);
  return verdictText(state.verdict);
}

/** A model that knows neither the language nor such texts is not helped by more steps. */
function Advice({ view }: { readonly view: RunView }) {
  const set = examples.value.kind === 'ready' ? examples.value.set : undefined;
  return view.source === 'own' && set?.source === 'own' && set.title === view.title ? <ModelAdvice set={set} /> : null;
}

/** Everything that was asked, in numbers. */
function Counts({ evidence }: { readonly evidence: Evidence }) {
  const texts = t().result.counts;
  const lines: readonly (readonly [string, Score | undefined])[] = [
    [texts.heldOut, evidence.heldOut],
    [texts.trained, evidence.trained],
    [texts.rephrased, evidence.rephrased],
  ];
  return (
    <ul class="counts">
      {lines.map(([name, score]) => score && <li key={name}>{texts.line(name, score.right, score.asked)}</li>)}
    </ul>
  );
}

function Next({ verdict, view }: { readonly verdict: Verdict | undefined; readonly view: RunView }) {
  const texts = t().result;
  const next: NextStep = verdict === undefined ? 'try' : nextStep(verdict, view.totalSteps >= LONG_STEPS);
  return (
    <>
      {next === 'longer' && (
        <button type="button" class="primary" onClick={() => void trainLonger(view)}>
          {texts.longer}
        </button>
      )}
      {next === 'rows' && (
        <a class="button primary" href="#/examples">
          {texts.addRows}
        </a>
      )}
      <a class={next === 'try' ? 'button primary' : 'button'} href="#/try">
        {texts.try}
      </a>
    </>
  );
}

/** Once the exam has shown that it works: nothing need be kept back any more. */
function TeachAll({ view, evidence: { heldOut } }: { readonly view: RunView; readonly evidence: Evidence }) {
  if (heldOut === undefined) return null;
  return (
    <button type="button" onClick={() => void teachAll(view, heldOut)}>
      {t().result.teachAll}
    </button>
  );
}
