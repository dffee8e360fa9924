import { useComputed } from '@preact/signals';
import { cannotTell, canNotify, keepAwake, setTellWhenDone, tellWhenDone } from '../state/leaving.ts';
import { progressAnswers, setProgressAnswers, showsProgressAnswers } from './progress-answers.ts';
import { control, curve, endNow, isSlowToStop, isTraining, run, secondsLeft, type RunView } from './training.ts';
import { question } from '../try/trial.ts';
import { formats, t } from '../messages/language.ts';
import { EngineText } from '../parts/engine-text.tsx';
import { Rich } from '../parts/rich.tsx';
import { Breakable } from '../parts/breakable.tsx';
import { LossChart } from './loss-chart.tsx';
import { Problem } from '../parts/problem.tsx';
import { isCleared } from '../take-away/runs.ts';
import { ReportPanel } from '../report/report-panel.tsx';
import { RunResult } from '../try/run-result.tsx';
import { Term } from '../parts/term.tsx';

/** Not known yet. */
const NONE = '–';

/** A run as it goes: how far, how good, how fast, and the handles to hold it. */
export function RunPanel({ view }: { readonly view: RunView }) {
  const { phase, step, totalSteps, preparing, latest } = view;
  const texts = t().train.run;
  const isReady = totalSteps > 0;
  const left = secondsLeft.value;
  return (
    <div class="run">
      {phase === 'waiting' && <Waiting />}
      {isTraining.value && phase !== 'waiting' && (
        <>
          <div class="run-head">
            <p class="run-phase">{texts.phases[phase]}</p>
            <p class="quiet">
              {isReady
                ? texts.step(step, totalSteps)
                : preparing === undefined
                  ? texts.preparing
                  : texts.program(preparing.done, preparing.total)}
            </p>
          </div>
          <progress
            aria-label={isReady ? texts.progress : texts.preparation}
            {...(isReady
              ? { value: step, max: totalSteps }
              : preparing && { value: preparing.done, max: preparing.total })}
          />
          <dl class="numbers">
            <Figure
              name={texts.loss}
              hint={texts.lossHint}
              value={latest === undefined ? NONE : formats().decimal(latest.loss, 2)}
            />
            <Figure
              name={texts.speed}
              hint={texts.speedHint}
              value={latest === undefined ? NONE : formats().count(latest.tokensPerSecond)}
            />
            <Figure
              name={texts.timeLeft}
              hint={texts.timeLeftHint}
              value={left === undefined ? NONE : formats().duration(left)}
            />
          </dl>
          <Handles phase={phase} />
        </>
      )}
      {phase === 'finished' && view.report !== undefined && <RunResult view={view} report={view.report} />}
      {phase === 'finished' && <ReportPanel view={view} />}
      {phase === 'failed' && view.failure !== undefined && <Problem failure={view.failure} lost={whatIsKept(view)} />}
      {curve.value.steps.length > 0 && <LossChart />}
      {latest !== undefined && <MoreNumbers view={view} />}
      <ProgressAnswers />
      {isTraining.value && <WhileAway />}
      {view.notices.length > 0 && <Notices notices={view.notices} />}
      <Announcement />
    </div>
  );
}

/** Another tab has the graphics chip: both runs are safe, one goes after the other. */
function Waiting() {
  const texts = t().train.run;
  return (
    <div class="notice">
      <p role="status">
        <Rich text={texts.waiting(texts.phases.waiting)} />
      </p>
      <div class="actions">
        <button type="button" onClick={() => void control('stop')}>
          {texts.doNotWait}
        </button>
      </div>
    </div>
  );
}

function Figure({ name, hint, value }: { readonly name: string; readonly hint: string; readonly value: string }) {
  return (
    <div>
      <dt>
        {name} <small>{hint}</small>
      </dt>
      <dd>{value}</dd>
    </div>
  );
}

function MoreNumbers({ view: { latest, evalLoss, plan } }: { readonly view: RunView }) {
  const texts = t().train.run;
  if (latest === undefined) return null;
  return (
    <dl class="more-numbers">
      {evalLoss !== undefined && (
        <div>
          <dt>
            <Term name="held-out loss">{texts.heldOutLoss}</Term>
          </dt>
          <dd>{formats().decimal(evalLoss, 2)}</dd>
        </div>
      )}
      <div>
        <dt>
          <Term name="learning rate">{texts.learningRate}</Term>
        </dt>
        <dd>{formats().significant(latest.learningRate, 2)}</dd>
      </div>
      <div>
        <dt>
          <Term name="gradient norm">{texts.gradientNorm}</Term>
        </dt>
        <dd>{formats().decimal(latest.gradNorm, 2)}</dd>
      </div>
      {plan !== undefined && (
        <div>
          <dt>{texts.memory}</dt>
          <dd>{formats().bytes(plan.totalBytes)}</dd>
        </div>
      )}
    </dl>
  );
}

function Notices({ notices }: { readonly notices: readonly string[] }) {
  return (
    <ul class="notices">
      {notices.map((notice) => (
        <li key={notice}>
          <EngineText text={notice} />
        </li>
      ))}
    </ul>
  );
}

function Handles({ phase }: { readonly phase: RunView['phase'] }) {
  const texts = t().train.run;
  const isPaused = phase === 'paused';
  const isSlow = isSlowToStop.value && (phase === 'pausing' || phase === 'stopping');
  const isBusy = phase === 'starting' || phase === 'pausing' || phase === 'stopping';
  return (
    <div class="actions">
      <button type="button" disabled={isBusy} onClick={() => void control(isPaused ? 'resume' : 'pause')}>
        {isPaused ? texts.resume : texts.pause}
      </button>
      <button type="button" disabled={phase === 'stopping'} onClick={() => void control('stop')}>
        {texts.stop}
      </button>
      {isSlow && (
        <button type="button" onClick={endNow}>
          {texts.endNow}
        </button>
      )}
      {isPaused ? (
        <a href="#/try">{texts.tryNow}</a>
      ) : (
        <p class="quiet" role="status">
          {isSlow ? texts.slowToStop : texts.stopping}
        </p>
      )}
    </div>
  );
}

const RECENT = 5;

/** What it says to the same question as it learns, newest first. */
function ProgressAnswers() {
  const answers = progressAnswers.value;
  if (answers.length === 0) return null;
  return (
    <div class="stack">
      <p>
        <span class="quiet">{t().train.run.askedWhile}</span> {question.value}
      </p>
      <ol class="progress-answers">
        {answers
          .slice(-RECENT)
          .reverse()
          .map(({ step, text }) => (
            <li key={step}>
              <span class="quiet">{t().train.run.atStep(step)}</span>{' '}
              <span>
                <Breakable text={text} />
              </span>
            </li>
          ))}
      </ol>
    </div>
  );
}

/** For runs longer than one wants to watch. */
function WhileAway() {
  const texts = t().train.run;
  return (
    <div class="while-away">
      <label class="check">
        <input
          type="checkbox"
          checked={showsProgressAnswers.value}
          onChange={({ currentTarget }) => setProgressAnswers(currentTarget.checked)}
        />
        {texts.showAnswers}
      </label>
      {'wakeLock' in navigator && (
        <label class="check">
          <input
            type="checkbox"
            checked={keepAwake.value}
            onChange={({ currentTarget }) => (keepAwake.value = currentTarget.checked)}
          />
          {texts.keepAwake}
        </label>
      )}
      {canNotify && (
        <label class="check">
          <input
            type="checkbox"
            checked={tellWhenDone.value}
            onChange={({ currentTarget }) => void setTellWhenDone(currentTarget.checked)}
          />
          {texts.tellMe}
        </label>
      )}
      {cannotTell.value && (
        <p class="quiet" role="status">
          {texts.cannotTell}
        </p>
      )}
    </div>
  );
}

function whatIsKept({ out, checkpointStep, step }: RunView): string {
  const texts = t().train.run;
  if (checkpointStep !== undefined && !isCleared(out)) return texts.keptUpTo(checkpointStep);
  return step > 0 ? texts.stepsLost : texts.notBegun;
}

/** One spoken sentence per tenth of the way. */
function Announcement() {
  const text = useComputed(() => {
    const view = run.value;
    if (view === undefined || view.totalSteps === 0) return '';
    const says = t().train.run.spoken;
    if (view.phase === 'finished') return view.report?.ended === 'stopped' ? says.stopped : says.finished;
    const tenth = Math.floor((10 * view.step) / view.totalSteps);
    return tenth === 0 ? says.started : says.tenth(tenth * 10);
  });
  return (
    <p class="visually-hidden" role="status" data-spoken>
      {text}
    </p>
  );
}
