import { computed, signal } from '@preact/signals';
import { toFailure, type Failure } from '../../errors.ts';
import type { RunId, RunReport, StepRecord, TrainEvent } from '../../../workers/engine/contract.ts';
import { engine, model } from './engine.ts';
import { examples, leaveOutBadRows, type ExampleSet } from './examples.ts';
import { makeRunName } from './run-name.ts';
import { refreshRuns } from './runs.ts';
import { settings } from './settings.ts';
import { adapter, compare } from './trial.ts';

export type RunPhase = 'starting' | 'running' | 'pausing' | 'paused' | 'stopping' | 'finished' | 'failed';

export interface RunView {
  readonly out: string;
  readonly phase: RunPhase;
  readonly set: ExampleSet;
  readonly system?: string;
  readonly step: number;
  readonly firstStep: number;
  readonly totalSteps: number;
  /** GPU programs compiled so far, of all, while the run gets ready. */
  readonly preparing?: { readonly done: number; readonly total: number };
  readonly first?: StepRecord;
  readonly latest?: StepRecord;
  /** Step of the last state that is safely stored. */
  readonly checkpointStep?: number;
  readonly notices: readonly string[];
  readonly report?: RunReport;
  readonly failure?: Failure;
}

export const run = signal<RunView | undefined>(undefined);
/** The loss of each step so far; replaced, never changed, at most ten times a second. */
export const curve = signal<{ readonly steps: readonly number[]; readonly losses: readonly number[] }>({
  steps: [],
  losses: [],
});
export const isTraining = computed(
  () => run.value !== undefined && run.value.phase !== 'finished' && run.value.phase !== 'failed',
);
export const secondsLeft = computed(() => {
  const { first, latest, totalSteps = 0 } = run.value ?? {};
  // The first step also compiles: what it took says nothing about the rest.
  if (first === undefined || latest === undefined || latest.step === first.step) return undefined;
  return ((latest.elapsedSeconds - first.elapsedSeconds) / (latest.step - first.step)) * (totalSteps - latest.step);
});

let runId: RunId | undefined;

const change = (parts: Partial<RunView>): void => {
  if (run.value !== undefined) run.value = { ...run.value, ...parts };
};

/** Begins a run on the chosen examples with the settings as they stand. */
export async function train(): Promise<void> {
  if (isTraining.value || examples.value.kind !== 'ready' || 'problem' in settings.value) return;
  const { set } = examples.value;
  const config = { ...settings.value.config, ...(leaveOutBadRows.value ? { skipBadRows: true } : {}) };
  const out = makeRunName(set.source === 'own' ? set.title : set.source, new Date());
  curve.value = { steps: [], losses: [] };
  await play({ out, set, ...(config.system === undefined ? {} : { system: config.system }) }, config, false);
}

/** Goes on with a stopped run of this session, with the settings it began with. */
export async function continueRun(): Promise<void> {
  const view = run.value;
  if (view?.report?.ended !== 'stopped') return;
  await play(view, {}, true);
}

async function play(begin: Pick<RunView, 'out' | 'set' | 'system'>, config: object, resume: boolean): Promise<void> {
  if (model.value.kind !== 'ready') return;
  const { out, set, system } = begin;
  run.value = {
    out,
    set,
    ...(system === undefined ? {} : { system }),
    phase: 'starting',
    step: 0,
    firstStep: 0,
    totalSteps: 0,
    notices: [],
  };
  const started = await engine.train({ model: model.value.facts.id, data: set.dataset, config, out, resume });
  if (!started.ok) return change({ phase: 'failed', failure: started.error });
  runId = started.value.id;
  try {
    for await (const event of started.value.events) take(event);
  } catch (thrown) {
    return change({ phase: 'failed', failure: toFailure(thrown) });
  }
  await refreshRuns();
}

function take(event: TrainEvent): void {
  switch (event.kind) {
    case 'preparing':
      return change({ preparing: { done: event.done, total: event.total } });
    case 'started':
      keepCurveUpTo(event.firstStep);
      return change({
        phase: 'running',
        totalSteps: event.totalSteps,
        firstStep: event.firstStep,
        step: event.firstStep,
        notices: event.notices,
      });
    case 'step':
      curve.value = { steps: [...curve.value.steps, event.step], losses: [...curve.value.losses, event.loss] };
      return change({ step: event.step, first: run.value?.first ?? event, latest: event });
    case 'checkpoint':
      return change({ checkpointStep: event.step });
    case 'paused':
      return change({ phase: 'paused' });
    case 'resumed':
      return change({ phase: 'running' });
    case 'device-lost':
      return change({
        notices: [
          ...(run.value?.notices ?? []),
          `The graphics chip was lost (${event.reason}). Starting again from the last saved step.`,
        ],
      });
    case 'eval':
      return;
    case 'done':
      return finish(event.report);
    case 'failed':
      return change({ phase: 'failed', failure: event.error });
  }
}

/** A run that goes on from a checkpoint repeats the steps after it. */
function keepCurveUpTo(step: number): void {
  const kept = curve.value.steps.filter((at) => at <= step).length;
  curve.value = { steps: curve.value.steps.slice(0, kept), losses: curve.value.losses.slice(0, kept) };
}

function finish(report: RunReport): void {
  change({ phase: 'finished', report, step: report.steps });
  const view = run.value;
  if (view === undefined) return;
  adapter.value = {
    id: report.adapter,
    out: view.out,
    title: view.set.title,
    ...(view.system === undefined ? {} : { system: view.system }),
  };
  void compare();
}

export async function control(to: 'pause' | 'resume' | 'stop'): Promise<void> {
  if (runId === undefined) return;
  if (to === 'pause') change({ phase: 'pausing' });
  if (to === 'stop') change({ phase: 'stopping' });
  const done = await engine.control(runId, to);
  if (!done.ok) change({ phase: 'failed', failure: done.error });
}
