import { effect, signal } from '@preact/signals';
import type { Failure } from '../../errors.ts';
import { engine, model } from '../state/engine.ts';
import { examples } from '../examples/examples.ts';
import { settings } from '../train/settings.ts';

/** How long a run would take, from the beginning of one that was really made. */
export type Trial =
  | { readonly kind: 'none' }
  | { readonly kind: 'measuring' }
  | { readonly kind: 'done'; readonly seconds: number }
  | { readonly kind: 'failed'; readonly failure: Failure };

export const speedTrial = signal<Trial>({ kind: 'none' });

/** Longer than this, and another device is the better advice. */
export const TOO_LONG_SECONDS = 15 * 60;
const TRIAL_RUN = 'speed-trial';

// What was measured was of one run.
effect(() => {
  if ('problem' in settings.value || examples.value.kind !== 'ready') return;
  if (speedTrial.peek().kind === 'done') speedTrial.value = { kind: 'none' };
});

/** Begins the run that would start now, until it is known how long it takes, and throws it away. */
export async function measureSpeed(): Promise<void> {
  const planned = settings.value;
  if (model.value.kind !== 'ready' || examples.value.kind !== 'ready' || 'problem' in planned) return;
  const { data, heldOut } = examples.value.set.training;
  speedTrial.value = { kind: 'measuring' };
  const started = await engine.train({
    model: model.value.facts.id,
    data,
    ...(heldOut && { evalData: heldOut }),
    config: planned.config,
    out: TRIAL_RUN,
    overwrite: true,
  });
  if (!started.ok) {
    speedTrial.value = { kind: 'failed', failure: started.error };
    return;
  }
  const { id, events } = started.value;
  let seconds: number | undefined;
  for await (const event of events) {
    if (event.kind === 'failed') speedTrial.value = { kind: 'failed', failure: event.error };
    // A run that is over before that much is known took what it took.
    if (event.kind === 'done') seconds ??= event.report.elapsedSeconds;
    if (event.kind !== 'step' || event.secondsLeft === undefined || seconds !== undefined) continue;
    seconds = event.elapsedSeconds + event.secondsLeft;
    await engine.control(id, 'stop');
  }
  await engine.deleteRun(TRIAL_RUN);
  if (seconds !== undefined) speedTrial.value = { kind: 'done', seconds };
}
