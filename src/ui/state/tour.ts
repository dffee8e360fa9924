import { computed, signal } from '@preact/signals';
import { exam, quickExam } from '../exam/exam.ts';
import type { Verdict } from '../exam/verdict.ts';
import type { Recording } from '../demo/recording.ts';
import { recordingOf } from '../demo/recordings.ts';
import { engine, engineFacts, model } from './engine.ts';
import { chooseSample } from '../examples/examples.ts';
import { address, go, goToStart } from './place.ts';
import { deleteRun } from '../take-away/runs.ts';
import { SAMPLES, type SampleKey } from '../examples/samples.ts';
import { control, forgetRun, isTraining, run, train } from '../train/training.ts';

/** A demo trains until a small exam is passed; this is where it gives up, and says so. */
const MOST_STEPS = 300;
/** Updates between two looks at the exam. */
const LOOK_EVERY = 20;
/** Held-out questions of a look, and how many of them have to be right. */
const LOOK_QUESTIONS = 8;
const LOOK_RIGHT = 7;

/** The demo that is shown: a sample, and the run that was begun for it. */
const shown = signal<
  | { readonly key: SampleKey; readonly out?: string; readonly hasPassed?: boolean; readonly recording?: Recording }
  | undefined
>(undefined);

/** The demo's run, until its last word. */
let training: Promise<void> = Promise.resolve();

export interface TourView {
  readonly key: SampleKey;
  readonly stage: 'preparing' | 'training' | 'comparing' | 'compared' | 'recorded' | 'ended';
  readonly recording?: Recording;
  /** What the exam of the demo says, once it is done. */
  readonly verdict?: Verdict;
}

/** The demo as the page tells it. */
export const tour = computed((): TourView | undefined => {
  const current = shown.value;
  if (current === undefined) return undefined;
  const { key } = current;
  const { recording } = current;
  if (recording !== undefined) return { key, stage: 'recorded', recording };
  const view = run.value;
  if (view === undefined) return { key, stage: current.out === undefined ? 'preparing' : 'ended' };
  if (view.phase === 'waiting' || view.phase === 'starting') return { key, stage: 'preparing' };
  if (current.out !== undefined && view.out !== current.out) return { key, stage: 'ended' };
  if (isTraining.value) return { key, stage: 'training' };
  if (view.phase === 'failed' || (view.report?.ended === 'stopped' && current.hasPassed !== true))
    return { key, stage: 'ended' };
  const { value: state } = exam;
  if (state.kind === 'done' && state.out === view.out) return { key, stage: 'compared', verdict: state.verdict };
  return { key, stage: 'comparing' };
});

/** Demos are for the built-in model: its samples are what it can learn in a minute. */
export const hasTours = computed(() => model.value.kind === 'ready' && model.value.source.kind === 'embedded');

/** The next demo that was not the one shown. */
export const nextTour = computed((): SampleKey => {
  const at = SAMPLES.findIndex((key) => key === shown.value?.key);
  return SAMPLES[(at + 1) % SAMPLES.length] ?? 'tickets';
});

/** Chooses a sample, trains a short run on it and ends beside the two answers. The person's own settings stay as they are. */
export async function startTour(key: SampleKey): Promise<void> {
  if (isTraining.peek() || !hasTours.peek()) return;
  await forgetTour();
  shown.value = { key };
  const recording = await slowDeviceRecording(key);
  if (shown.peek()?.key !== key) return; // left meanwhile
  if (recording === undefined) return trainDemo(key);
  shown.value = { key, recording };
  go('try');
}

/** What a device plays that would train for minutes, where there is a recording made with these weights. */
async function slowDeviceRecording(key: SampleKey): Promise<Recording | undefined> {
  const { executor, adapter } = engineFacts.peek() ?? {};
  const isSlow = executor !== 'webgpu' || adapter?.isSoftware === true;
  const ready = model.peek();
  return isSlow && ready.kind === 'ready' ? recordingOf(key, ready.facts.baseHash) : undefined;
}

/** Trains the demo on this device, however long that takes. */
export async function trainDemo(key: SampleKey): Promise<void> {
  shown.value = { key };
  go('train');
  await chooseSample(key);
  if (shown.peek()?.key !== key) return; // left meanwhile
  training = train({ steps: MOST_STEPS, saveEvery: LOOK_EVERY }, look);
  const out = run.peek()?.out;
  if (out !== undefined) shown.value = { key, out };
  await training;
  // Nobody who went elsewhere meanwhile is pulled away.
  if (run.peek()?.phase === 'finished' && address.peek().place === 'train') go('try');
}

let isLooking = false;

/** Asks the saved state a few of the questions kept back; where nearly all are right, the demo has trained enough. */
async function look(out: string): Promise<void> {
  if (isLooking || model.peek().kind !== 'ready' || shown.peek()?.out !== out) return;
  const ready = model.peek();
  const heldOut = run.peek()?.exam;
  if (ready.kind !== 'ready' || heldOut === undefined) return;
  isLooking = true;
  try {
    const opened = await engine.openRun(ready.facts.id, out);
    if (!opened.ok) return;
    const { right } = await quickExam({ adapter: opened.value, heldOut }, LOOK_QUESTIONS);
    await engine.unloadAdapter(opened.value);
    const current = shown.peek();
    if (right < LOOK_RIGHT || current?.out !== out || run.peek()?.phase !== 'running') return;
    shown.value = { ...current, hasPassed: true };
    await control('stop');
  } finally {
    isLooking = false;
  }
}

/** Everything as before the demo, for the next audience: its run and adapter are gone, the start is shown. */
export async function endTour(): Promise<void> {
  if (isTraining.peek() && run.peek()?.out === shown.peek()?.out) {
    await control('stop');
    await training;
  }
  await forgetTour();
  goToStart();
  if (isTraining.peek()) return; // a run of the person's own, whose examples stay
  await chooseSample('tickets');
}

async function forgetTour(): Promise<void> {
  const out = shown.peek()?.out;
  shown.value = undefined;
  if (out === undefined) return;
  if (run.peek()?.out === out) forgetRun();
  await deleteRun(out);
}
