import { signal } from '@preact/signals';
import { engine, model } from './engine.ts';
import { examples } from './examples.ts';
import { settings } from './settings.ts';

/** How long a run would take, from two steps that were really made. */
export type Trial =
  | { readonly kind: 'none' }
  | { readonly kind: 'measuring' }
  | { readonly kind: 'done'; readonly seconds: number }
  | { readonly kind: 'failed'; readonly message: string };

export const speedTrial = signal<Trial>({ kind: 'none' });

/** Longer than this, and another device is the better advice. */
export const TOO_LONG_SECONDS = 15 * 60;
const TRIAL_STEPS = 2;
const TRIAL_RUN = 'speed-trial';

/** Makes two steps of the run that would start now, and throws them away. */
export async function measureSpeed(): Promise<void> {
  const planned = settings.value;
  if (model.value.kind !== 'ready' || examples.value.kind !== 'ready' || 'problem' in planned) return;
  const { training } = examples.value.set;
  const updates = planned.size?.updates ?? 0;
  speedTrial.value = { kind: 'measuring' };
  const { epochs: _epochs, earlyStoppingPatience: _patience, ...config } = planned.config;
  const started = await engine.train({
    model: model.value.facts.id,
    data: training.data,
    config: { ...config, steps: TRIAL_STEPS },
    out: TRIAL_RUN,
    overwrite: true,
  });
  if (!started.ok) {
    speedTrial.value = { kind: 'failed', message: started.error.message };
    return;
  }
  const at: number[] = [];
  for await (const event of started.value.events) {
    if (event.kind === 'step') at.push(event.elapsedSeconds);
    if (event.kind === 'failed') speedTrial.value = { kind: 'failed', message: event.error.message };
  }
  await engine.deleteRun(TRIAL_RUN);
  const [first, second] = at;
  // The first step also gets things ready: the second is what the others will take.
  if (first !== undefined && second !== undefined)
    speedTrial.value = { kind: 'done', seconds: first + (second - first) * Math.max(0, updates - 1) };
}
