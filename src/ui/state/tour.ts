import { computed, signal } from '@preact/signals';
import { engineFacts, model } from './engine.ts';
import { chooseSample } from '../examples/examples.ts';
import { address, go, goToStart } from './place.ts';
import { deleteRun } from '../take-away/runs.ts';
import { SAMPLES, type SampleKey } from '../examples/samples.ts';
import { control, forgetRun, isTraining, run, train } from '../train/training.ts';
import { isAnswering, tunedAnswer } from '../try/trial.ts';

/** Enough for a visible contrast in a minute on a laptop's graphics chip; half of it where that is imitated. */
const STEPS = 40;
const SLOW_STEPS = 20;

/** The demo that is shown: a sample, and the run that was begun for it. */
const shown = signal<{ readonly key: SampleKey; readonly out?: string } | undefined>(undefined);

/** The demo's run, until its last word. */
let training: Promise<void> = Promise.resolve();

export interface TourView {
  readonly key: SampleKey;
  readonly stage: 'preparing' | 'training' | 'comparing' | 'compared' | 'ended';
}

/** The demo as the page tells it. */
export const tour = computed((): TourView | undefined => {
  const current = shown.value;
  if (current === undefined) return undefined;
  const { key } = current;
  const view = run.value;
  if (view === undefined) return { key, stage: current.out === undefined ? 'preparing' : 'ended' };
  if (view.phase === 'waiting' || view.phase === 'starting') return { key, stage: 'preparing' };
  if (current.out !== undefined && view.out !== current.out) return { key, stage: 'ended' };
  if (isTraining.value) return { key, stage: 'training' };
  if (view.phase === 'failed' || view.report?.ended === 'stopped') return { key, stage: 'ended' };
  return { key, stage: isAnswering.value || tunedAnswer.value.kind === 'none' ? 'comparing' : 'compared' };
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
  go('train');
  await chooseSample(key);
  const { executor, adapter } = engineFacts.peek() ?? {};
  const isSlow = executor !== 'webgpu' || adapter?.isSoftware === true;
  if (shown.peek()?.key !== key) return; // left meanwhile
  training = train({ steps: isSlow ? SLOW_STEPS : STEPS });
  const out = run.peek()?.out;
  if (out !== undefined) shown.value = { key, out };
  await training;
  // Nobody who went elsewhere meanwhile is pulled away.
  if (run.peek()?.phase === 'finished' && address.peek().place === 'train') go('try');
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
