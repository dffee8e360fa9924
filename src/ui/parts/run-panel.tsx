import { useComputed } from '@preact/signals';
import { control, curve, isTraining, run, secondsLeft, type RunView } from '../state/training.ts';
import { formatCount, formatDuration } from '../words.ts';
import { LossChart } from './loss-chart.tsx';
import { Problem } from './problem.tsx';
import { RunResult } from './run-result.tsx';

const PHASES: Readonly<Record<RunView['phase'], string>> = {
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
      {isTraining.value && (
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
        </>
      )}
      {curve.value.steps.length > 0 && <LossChart />}
      {view.notices.map((notice) => (
        <p key={notice} class="notice">
          {notice}
        </p>
      ))}
      {isTraining.value && <Handles phase={phase} />}
      {phase === 'finished' && view.report !== undefined && <RunResult view={view} report={view.report} />}
      {phase === 'failed' && view.failure !== undefined && <Problem failure={view.failure} lost={whatIsKept(view)} />}
      <Announcement />
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
      <p class="quiet">Stopping keeps what was learned so far; you can go on later.</p>
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
    <p class="visually-hidden" role="status">
      {text}
    </p>
  );
}
