import { useComputed } from '@preact/signals';
import { cannotTell, canNotify, keepAwake, setTellWhenDone, tellWhenDone } from '../state/leaving.ts';
import { progressAnswers, setProgressAnswers, showsProgressAnswers } from './progress-answers.ts';
import { control, curve, isTraining, run, secondsLeft, type RunView } from './training.ts';
import { question } from '../try/trial.ts';
import { formatBytes, formatCount, formatDuration } from '../words.ts';
import { Breakable } from '../parts/breakable.tsx';
import { LossChart } from './loss-chart.tsx';
import { Problem } from '../parts/problem.tsx';
import { RunResult } from '../try/run-result.tsx';
import { Term } from '../parts/term.tsx';

const PHASES: Readonly<Record<RunView['phase'], string>> = {
  waiting: 'Waiting for another tab',
  starting: 'Getting ready',
  running: 'Training',
  pausing: 'Pausing after this step',
  paused: 'Paused',
  stopping: 'Stopping after this step',
  finished: 'Finished',
  failed: 'Stopped by a problem',
};

/** A run as it goes: how far, how good, how fast, and the handles to hold it. */
export function RunPanel({ view }: { readonly view: RunView }) {
  const { phase, step, totalSteps, preparing, latest } = view;
  const isReady = totalSteps > 0;
  const left = secondsLeft.value;
  return (
    <div class="run">
      {phase === 'waiting' && <Waiting />}
      {isTraining.value && phase !== 'waiting' && (
        <>
          <div class="run-head">
            <p class="run-phase">{PHASES[phase]}</p>
            <p class="quiet">
              {isReady
                ? `Step ${formatCount(step)} of ${formatCount(totalSteps)}`
                : `Preparing the graphics chip${preparing === undefined ? '' : `: program ${preparing.done} of ${preparing.total}`}`}
            </p>
          </div>
          <progress
            aria-label={isReady ? 'Training progress' : 'Preparation'}
            {...(isReady
              ? { value: step, max: totalSteps }
              : preparing && { value: preparing.done, max: preparing.total })}
          />
          <dl class="numbers">
            <Figure
              name="Loss"
              hint="how wrong it still is"
              value={latest === undefined ? '–' : latest.loss.toFixed(2)}
            />
            <Figure
              name="Speed"
              hint="tokens a second"
              value={latest === undefined ? '–' : formatCount(latest.tokensPerSecond)}
            />
            <Figure name="Time left" hint="about" value={left === undefined ? '–' : formatDuration(left)} />
          </dl>
          <Handles phase={phase} />
        </>
      )}
      {phase === 'finished' && view.report !== undefined && <RunResult view={view} report={view.report} />}
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
  return (
    <div class="notice">
      <p role="status">
        <strong>{PHASES.waiting}.</strong> Another tab of this page is training. This run begins by itself when that one
        is finished or stopped; nothing of either is lost. To begin sooner, stop the run in that tab or close it.
      </p>
      <div class="actions">
        <button type="button" onClick={() => void control('stop')}>
          Do not wait
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
  if (latest === undefined) return null;
  return (
    <dl class="more-numbers">
      {evalLoss !== undefined && (
        <div>
          <dt>
            <Term name="held-out loss">Kept-back loss</Term>
          </dt>
          <dd>{evalLoss.toFixed(2)}</dd>
        </div>
      )}
      <div>
        <dt>
          <Term name="learning rate">Learning rate</Term>
        </dt>
        <dd>{latest.learningRate.toPrecision(2)}</dd>
      </div>
      <div>
        <dt>
          <Term name="gradient norm">Gradient norm</Term>
        </dt>
        <dd>{latest.gradNorm.toFixed(2)}</dd>
      </div>
      {plan !== undefined && (
        <div>
          <dt>Graphics memory</dt>
          <dd>{formatBytes(plan.totalBytes)}</dd>
        </div>
      )}
    </dl>
  );
}

function Notices({ notices }: { readonly notices: readonly string[] }) {
  return (
    <ul class="notices">
      {notices.map((notice) => (
        <li key={notice}>{notice}</li>
      ))}
    </ul>
  );
}

function Handles({ phase }: { readonly phase: RunView['phase'] }) {
  const isPaused = phase === 'paused';
  const isBusy = phase === 'starting' || phase === 'pausing' || phase === 'stopping';
  return (
    <div class="actions">
      <button type="button" disabled={isBusy} onClick={() => void control(isPaused ? 'resume' : 'pause')}>
        {isPaused ? 'Resume' : 'Pause'}
      </button>
      <button
        type="button"
        disabled={phase === 'starting' || phase === 'stopping'}
        onClick={() => void control('stop')}
      >
        Stop
      </button>
      {isPaused ? (
        <a href="#/try">Try what it has learned so far</a>
      ) : (
        <p class="quiet">Stopping keeps what was learned so far; you can go on later.</p>
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
        <span class="quiet">Asked while it learns:</span> {question.value}
      </p>
      <ol class="progress-answers">
        {answers
          .slice(-RECENT)
          .reverse()
          .map(({ step, text }) => (
            <li key={step}>
              <span class="quiet">Step {formatCount(step)}</span>{' '}
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
  return (
    <div class="while-away">
      <label class="check">
        <input
          type="checkbox"
          checked={showsProgressAnswers.value}
          onChange={({ currentTarget }) => setProgressAnswers(currentTarget.checked)}
        />
        Show answers as it learns
      </label>
      {'wakeLock' in navigator && (
        <label class="check">
          <input
            type="checkbox"
            checked={keepAwake.value}
            onChange={({ currentTarget }) => (keepAwake.value = currentTarget.checked)}
          />
          Keep the screen awake
        </label>
      )}
      {canNotify && (
        <label class="check">
          <input
            type="checkbox"
            checked={tellWhenDone.value}
            onChange={({ currentTarget }) => void setTellWhenDone(currentTarget.checked)}
          />
          Tell me when it is done
        </label>
      )}
      {cannotTell.value && (
        <p class="quiet" role="status">
          The browser does not allow this page to notify you. Its settings for this site can; the tab’s title says
          “Done” all the same.
        </p>
      )}
    </div>
  );
}

function whatIsKept({ checkpointStep, step }: RunView): string {
  if (checkpointStep !== undefined)
    return `What was learned up to step ${checkpointStep} is kept under “Earlier runs”.`;
  return step > 0
    ? 'The steps of this run are lost; your examples are unchanged.'
    : 'Nothing was lost: training had not begun.';
}

/** One spoken sentence per tenth of the way. */
function Announcement() {
  const text = useComputed(() => {
    const view = run.value;
    if (view === undefined || view.totalSteps === 0) return '';
    if (view.phase === 'finished') return 'Training finished.';
    const tenth = Math.floor((10 * view.step) / view.totalSteps);
    return tenth === 0 ? 'Training has started.' : `${tenth * 10} percent trained.`;
  });
  return (
    <p class="visually-hidden" role="status" data-spoken>
      {text}
    </p>
  );
}
