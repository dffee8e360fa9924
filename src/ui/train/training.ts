import { batch, computed, signal } from '@preact/signals';
import { toFailure } from '../../errors.ts';
import type { TrainConfig } from '../../train/config.ts';
import type {
  Dataset,
  PlanReport,
  RunId,
  RunReport,
  StepMetrics,
  TrainEvent,
} from '../../../workers/engine/contract.ts';
import { engine, engineFacts, model } from '../state/engine.ts';
import { examples, titleOf, type Source } from '../examples/examples.ts';
import type { PageFailure } from '../state/page-failure.ts';
import { addNotTaken } from '../state/only-here.ts';
import { syncedSignal, removePersisted, persist, loadPersisted } from '../state/persisted.ts';
import { askToPersistOnce } from '../state/storage-use.ts';
import { runsOfOtherTabs, takeTurn } from '../state/other-tabs.ts';
import { askSavedState, progressAnswers } from './progress-answers.ts';
import { makeRunName } from './run-name.ts';
import { keepRunRows } from '../state/run-rows.ts';
import { forgetKnownRun } from '../take-away/gone-runs.ts';
import { earlierRuns, failureOfRun, onDeleted, refreshRuns } from '../take-away/runs.ts';
import { INIT_ADAPTER, pageWords } from './setting-fields.ts';
import { t } from '../messages/language.ts';
import { settings, typed } from './settings.ts';
import { examine, linesOf, stopExam, type ExamRequest } from '../exam/exam.ts';
import type { Score } from '../exam/verdict.ts';
import { adapter, compare } from '../try/trial.ts';

/** What a run on top of another one teaches: choices between answers, or one correction with its row. */
export type Improvement = { readonly kind: 'preferences' } | { readonly kind: 'correction'; readonly row: Dataset };

export type RunPhase = 'waiting' | 'starting' | 'running' | 'pausing' | 'paused' | 'stopping' | 'finished' | 'failed';

/** What a run was begun with; kept until it is finished, so that it can go on after a reload. */
export interface RunBegin {
  readonly out: string;
  readonly title: string;
  readonly source: Source;
  readonly config: Partial<TrainConfig>;
  readonly data: Dataset;
  readonly evalData?: Dataset;
  /** Questions for its exam; of a sample more than a run is checked with. */
  readonly exam?: Dataset;
  /** Of a run that teaches all rows at the end: how the run before did on those it kept back. */
  readonly repeats?: Score;
  /** The run whose adapter it began with. */
  readonly initAdapter?: string;
  /** Rows mixed in, so that they are not forgotten. */
  readonly replayData?: Dataset;
  /** Of a run that teaches the open adapter what the person said of its answers. */
  readonly improves?: Improvement;
}

export interface RunView extends RunBegin {
  readonly phase: RunPhase;
  readonly step: number;
  readonly firstStep: number;
  readonly totalSteps: number;
  /** GPU programs compiled so far, of all, while the run gets ready. */
  readonly preparing?: { readonly done: number; readonly total: number };
  readonly latest?: StepMetrics;
  /** Until the run ends, once two seconds of it are known. */
  readonly secondsLeft?: number;
  readonly evalLoss?: number;
  readonly plan?: PlanReport;
  /** Step of the last state that is safely stored. */
  readonly checkpointStep?: number;
  readonly notices: readonly string[];
  readonly report?: RunReport;
  readonly failure?: PageFailure;
}

export interface Curve {
  readonly steps: readonly StepMetrics[];
  readonly evals: readonly { readonly step: number; readonly evalLoss: number }[];
}

export const run = signal<RunView | undefined>(undefined);
/** Every step so far; the lists grow in place, and the signal changes at most ten times a second. */
export const curve = signal<Curve>({ steps: [], evals: [] });
export const isTraining = computed(
  () => run.value !== undefined && run.value.phase !== 'finished' && run.value.phase !== 'failed',
);
export const secondsLeft = computed(() => run.value?.secondsLeft);

/** Seconds a token of training took, by model and device: what a new run's length is told from. */
const speeds = syncedSignal<Readonly<Record<string, number>>>(
  'speeds',
  {},
  (value) => typeof value === 'object' && value !== null,
);

const speedKey = (): string => {
  const { adapter: device, executor } = engineFacts.value ?? {};
  const base = model.value.kind === 'ready' ? model.value.facts.baseHash.slice(0, 12) : '';
  return [base, executor, device?.vendor, device?.architecture, device?.description].join('/');
};

/** Seconds a token takes on this device, if anything was trained here before. */
export const secondsPerToken = computed(() => speeds.value[speedKey()]);

let runId: RunId | undefined;
/** The person wants the run at hand to stop; it may not have begun yet. */
let isStopWanted = false;
/** Whether the run at hand was begun earlier. */
let isResumed = false;
/** Gives up waiting for another tab. */
let waiting: AbortController | undefined;
let steps: StepMetrics[] = [];
let evals: { readonly step: number; readonly evalLoss: number }[] = [];
let pending: Partial<RunView> = {};
let redraw: ReturnType<typeof setTimeout> | undefined;

/** Numbers are shown at most ten times a second: no run is so fast that the page should be busy with it. */
const REDRAW_MS = 100;

function flush(): void {
  clearTimeout(redraw);
  redraw = undefined;
  const parts = pending;
  pending = {};
  batch(() => {
    if (run.value !== undefined) run.value = { ...run.value, ...parts };
    curve.value = { steps, evals };
  });
}

/** Shows soon, together with what else arrives until then. */
function changeSoon(parts: Partial<RunView>): void {
  pending = { ...pending, ...parts };
  redraw ??= setTimeout(flush, REDRAW_MS);
}

function change(parts: Partial<RunView>): void {
  pending = { ...pending, ...parts };
  flush();
}

/** Told whenever the state of the run is saved, with its folder. */
type SavedListener = (out: string) => Promise<void>;
let savedListener: SavedListener | undefined;

/** Begins a run on the chosen examples with the settings as they stand, or with others. */
export async function train(others?: Partial<TrainConfig>, onSaved?: SavedListener): Promise<void> {
  savedListener = onSaved;
  const planned = others === undefined ? settings.value : { config: others };
  if (isTraining.value || examples.value.kind !== 'ready' || 'problem' in planned) return;
  const { source, training } = examples.value.set;
  const title = titleOf(examples.value.set);
  const out = newRunName(source === 'own' ? title : source);
  const { data, heldOut } = training;
  const initAdapter = others === undefined ? typed.value[INIT_ADAPTER] : undefined;
  const { exam: questions } = examples.value.set;
  const begin = {
    ...{ out, title, source, config: planned.config, data },
    ...(heldOut && { evalData: heldOut }),
    ...(questions && { exam: questions }),
    ...(initAdapter !== undefined && { initAdapter }),
  };
  [steps, evals] = [[], []];
  await play(begin, false);
}

/** A name of its own, also where another tab began the same in this second. */
function newRunName(source: string): string {
  const taken = new Set([...runsOfOtherTabs.value, ...earlierRuns.value.map(({ out }) => out)]);
  for (let now = Date.now(); ; now += 1000) {
    const out = makeRunName(source, new Date(now));
    if (!taken.has(out)) return out;
  }
}

/** Why a stopped run could not go on. */
export const continueFailure = signal<PageFailure | undefined>(undefined);

/** Goes on with a stopped run, of this visit or an earlier one, with what it began with. */
export async function continueRun(out: string): Promise<void> {
  const view = run.value;
  const begin = view?.out === out ? view : ((await loadPersisted(`run:${out}`)) as RunBegin | undefined);
  if (begin === undefined || isTraining.value) return;
  const details = await engine.readRun(out);
  const failure = details.ok ? undefined : await failureOfRun(out, details.error);
  // Without its saved steps it would begin anew, and nobody asked for that.
  continueFailure.value = failure?.goneRun === undefined ? undefined : failure;
  if (continueFailure.value !== undefined || isTraining.value) return;
  if (view?.out !== out) [steps, evals] = details.ok ? [[...details.value.steps], [...details.value.evals]] : [[], []];
  await play(asBegin(begin), true);
}

/** What a run began with, of its view. */
function asBegin({
  out,
  title,
  source,
  config,
  data,
  evalData,
  exam: questions,
  repeats,
  initAdapter,
  replayData,
  improves,
}: RunBegin): RunBegin {
  return {
    ...{ out, title, source, config, data },
    ...(evalData && { evalData }),
    ...(questions && { exam: questions }),
    ...(repeats && { repeats }),
    ...(initAdapter !== undefined && { initAdapter }),
    ...(replayData && { replayData }),
    ...(improves && { improves }),
  };
}

/** Begins a run with everything given, on top of another one. */
export async function trainOnTop(begin: Omit<RunBegin, 'out'> & { readonly initAdapter: string }): Promise<void> {
  if (isTraining.value) return;
  [steps, evals] = [[], []];
  await play({ ...begin, out: newRunName(begin.source === 'own' ? begin.title : begin.source) }, false);
}

/** The same examples again, for twice as many steps. */
export async function trainLonger(view: RunView): Promise<void> {
  const { epochs: _epochs, ...config } = view.config;
  await again(view, { config: { ...config, steps: 2 * view.totalSteps } });
}

/** Everything, also what was kept back, for as many steps as the run before found best. */
export async function teachAll(view: RunView, score: Score): Promise<void> {
  if (view.evalData === undefined) return;
  const { epochs: _epochs, earlyStoppingPatience: _patience, ...config } = view.config;
  const best = [...curve.value.evals].sort((a, b) => a.evalLoss - b.evalLoss)[0];
  const all = [...linesOf(view.data), ...linesOf(view.evalData)];
  const data = { name: view.data.name, bytes: new TextEncoder().encode(`${all.join('\n')}\n`) };
  const { evalData: _held, exam: _exam, ...rest } = view;
  await again(rest, { config: { ...config, steps: best?.step ?? view.step }, data, repeats: score });
}

async function again(view: RunBegin, changed: Partial<RunBegin>): Promise<void> {
  if (isTraining.value) return;
  const out = newRunName(view.source === 'own' ? view.title : view.source);
  [steps, evals] = [[], []];
  await play({ ...asBegin(view), ...changed, out }, false);
}

// A deleted run has no result that could be tried, downloaded or continued.
onDeleted.add((out) => {
  if (run.peek()?.out === out) forgetRun();
});

/** Whether a run's examples and settings are kept, so that it can go on. */
export async function canContinue(out: string): Promise<boolean> {
  return (await loadPersisted(`run:${out}`)) !== undefined;
}

/** Puts a finished run out of sight; its files are not touched. */
export function forgetRun(): void {
  if (!isTraining.value) clearRun();
}

function clearRun(): void {
  [steps, evals] = [[], []];
  pending = {};
  stopExam();
  progressAnswers.value = [];
  run.value = undefined;
  flush();
}

async function play(begin: RunBegin, resume: boolean): Promise<void> {
  if (model.value.kind !== 'ready') return;
  void askToPersistOnce();
  pending = {};
  continueFailure.value = undefined;
  isResumed = resume;
  runId = undefined;
  isStopWanted = false;
  stopExam();
  if (!resume) progressAnswers.value = [];
  run.value = { ...begin, phase: 'starting', step: 0, firstStep: 0, totalSteps: 0, notices: [] };
  flush();
  const giveTurnBack = await awaitTurn(begin.out);
  if (giveTurnBack === undefined) return clearRun();
  try {
    await playInTurn(begin, resume);
  } finally {
    giveTurnBack();
  }
  await refreshRuns();
}

/** @returns what gives the turn back, or undefined where the person did not want to wait */
async function awaitTurn(out: string): Promise<(() => void) | undefined> {
  const mine = new AbortController();
  waiting = mine;
  try {
    const giveBack = await takeTurn(out, mine.signal, () => change({ phase: 'waiting' }));
    change({ phase: 'starting' });
    return giveBack;
  } catch (thrown) {
    if (!mine.signal.aborted) throw thrown;
    return undefined;
  } finally {
    waiting = undefined;
  }
}

async function playInTurn(begin: RunBegin, resume: boolean): Promise<void> {
  if (model.value.kind !== 'ready') return;
  const { id } = model.value.facts;
  const { out, config, data, evalData, initAdapter, replayData } = begin;
  if (!resume) await persist(`run:${out}`, begin);
  const first = initAdapter === undefined ? undefined : await engine.openRun(id, initAdapter);
  if (first?.ok === false) {
    const failure = await failureOfRun(initAdapter ?? '', first.error);
    return change({ phase: 'failed', failure });
  }
  const started = await engine.train({
    model: id,
    data,
    ...(evalData && { evalData }),
    ...(replayData && { replayData }),
    ...(first && { initAdapter: first.value }),
    config,
    out,
    resume,
  });
  if (first !== undefined) void engine.unloadAdapter(first.value);
  if (!started.ok) return change({ phase: 'failed', failure: started.error });
  runId = started.value.id;
  if (isStopWanted) void engine.control(runId, 'stop');
  try {
    for await (const event of started.value.events) await take(event);
  } catch (thrown) {
    change({ phase: 'failed', failure: toFailure(thrown) });
  }
}

async function take(event: TrainEvent): Promise<void> {
  switch (event.kind) {
    case 'preparing':
      return changeSoon({ preparing: { done: event.done, total: event.total } });
    case 'started': {
      const { totalSteps, firstStep, warnings, lengthWarning, notices, plan } = event;
      // A run that goes on from a checkpoint repeats the steps after it.
      steps = steps.filter(({ step }) => step <= firstStep);
      evals = evals.filter(({ step }) => step <= firstStep);
      return change({
        phase: isStopWanted ? 'stopping' : 'running',
        totalSteps,
        firstStep,
        step: firstStep,
        ...(firstStep > 0 && { checkpointStep: firstStep }),
        notices: [...warnings, ...(lengthWarning === undefined ? [] : [lengthWarning]), ...notices].map(pageWords),
        ...(plan && { plan }),
      });
    }
    case 'step': {
      steps.push(event);
      const { step, secondsLeft: left } = event;
      return changeSoon({ step, latest: event, ...(left !== undefined && { secondsLeft: left }) });
    }
    case 'eval':
      evals.push({ step: event.step, evalLoss: event.evalLoss });
      return changeSoon({ evalLoss: event.evalLoss });
    case 'checkpoint': {
      const view = run.value;
      if (view !== undefined && view.phase === 'running') void savedListener?.(view.out);
      if (view !== undefined && view.phase === 'running' && model.value.kind === 'ready')
        void askSavedState(model.value.facts.id, view.out, event.step, view.config.system);
      return changeSoon({ checkpointStep: event.step });
    }
    case 'paused':
      change({ phase: 'paused' });
      return openPaused();
    case 'resumed':
      return change({ phase: 'running' });
    case 'device-lost':
    case 'memory-short':
      steps = steps.filter(({ step }) => step <= event.step);
      evals = evals.filter(({ step }) => step <= event.step);
      return change({
        step: event.step,
        notices: [...(run.value?.notices ?? []), incidentWords(event)],
      });
    case 'done':
      if (event.report.ended === 'stopped' && event.report.steps === 0 && !isResumed) {
        // Nothing was learned that could be looked at or continued.
        await engine.unloadAdapter(event.report.adapter);
        await forgetEmptyRun();
        return clearRun();
      }
      // Not awaited: the exam goes on beside whatever is done next, and a new run ends it.
      void finish(event.report);
      return;
    case 'failed':
      change({ phase: 'failed', failure: event.error });
      return forgetEmptyRun();
  }
}

function incidentWords(incident: Extract<TrainEvent, { readonly kind: 'device-lost' | 'memory-short' }>): string {
  const texts = t().train.run;
  if (incident.kind === 'device-lost') return texts.deviceLost(incident.reason);
  const { step } = incident;
  return incident.remedy === 'checkpointing'
    ? texts.memoryShort.keepsLess(step)
    : texts.memoryShort.smallerBatch(step, incident.batchSize);
}

/** A run that ended before its first step has nothing to go on from: it is not kept, and not offered after a reload. */
async function forgetEmptyRun(): Promise<void> {
  const view = run.value;
  if (view === undefined || view.step > 0 || view.firstStep > 0 || isResumed) return;
  await removePersisted(`run:${view.out}`);
  forgetKnownRun(view.out);
  await engine.deleteRun(view.out);
}

/** A pause saves: what was learned so far can be tried meanwhile. */
async function openPaused(): Promise<void> {
  const view = run.value;
  if (view === undefined || model.value.kind !== 'ready') return;
  const opened = await engine.openRun(model.value.facts.id, view.out);
  if (opened.ok && run.value?.phase === 'paused') setAdapter(view, opened.value, true);
}

function setAdapter({ out, title, config }: RunView, id: string, isUnfinished: boolean): void {
  const { system } = config;
  adapter.value = { id, out, title, ...(system !== undefined && { system }), ...(isUnfinished && { isUnfinished }) };
}

async function finish(report: RunReport): Promise<void> {
  change({ phase: 'finished', report, step: report.steps });
  const view = run.value;
  if (view === undefined) return;
  addNotTaken(view.out);
  const trained = steps.at(-1);
  const first = steps.at(0);
  if (trained !== undefined && first !== undefined && trained.totalTokens > first.totalTokens) {
    const perToken = (trained.elapsedSeconds - first.elapsedSeconds) / (trained.totalTokens - first.totalTokens);
    speeds.value = { ...speeds.value, [speedKey()]: perToken };
  }
  if (report.ended !== 'stopped') await removePersisted(`run:${view.out}`);
  setAdapter(view, report.adapter, report.ended === 'stopped');
  // What became of an improvement is measured by what began it.
  if (view.improves !== undefined) return;
  await keepRunRows(view);
  await compare();
  await examine(examOf(view, report.adapter));
}

/** The exam of a run: what it kept back, its own rows, and these in other words. */
function examOf({ out, data, evalData, exam: questions, config: { system } }: RunBegin, id: string): ExamRequest {
  const heldOut = questions ?? evalData;
  return { out, data, adapter: id, ...(heldOut && { heldOut }), ...(system !== undefined && { system }) };
}

/** A step takes no longer on most devices: by then its worker may hang. */
const SLOW_AFTER_MS = 5000;
/** The run has not paused or stopped for a while after it was asked to. */
export const isSlowToStop = signal(false);
let slowTimer: ReturnType<typeof setTimeout> | undefined;

/** Ends the engine, whatever it is doing; the run goes on from its last save after a reload. */
export function endNow(): void {
  engine.terminate({ code: 'aborted', message: 'the engine did not answer and was ended' });
}

export async function control(to: 'pause' | 'resume' | 'stop'): Promise<void> {
  if (run.value?.phase === 'waiting') {
    if (to === 'stop') waiting?.abort();
    return;
  }
  if (to === 'stop') isStopWanted = true;
  else if (runId === undefined) return;
  clearTimeout(slowTimer);
  isSlowToStop.value = false;
  if (to !== 'resume') slowTimer = setTimeout(() => (isSlowToStop.value = true), SLOW_AFTER_MS);
  if (to === 'pause') change({ phase: 'pausing' });
  if (to === 'stop') change({ phase: 'stopping' });
  if (runId === undefined) return; // it stops as soon as it begins
  const done = await engine.control(runId, to);
  if (!done.ok) change({ phase: 'failed', failure: done.error });
}
