import { computed, effect, signal } from '@preact/signals';
import { DEFAULT_ACCUMULATE } from '../../train/settings.ts';
import type { Failure } from '../../errors.ts';
import type { PlanReport } from '../../../workers/engine/contract.ts';
import { engine, engineFacts, model } from '../state/engine.ts';
import { examples } from '../examples/examples.ts';
import { measure } from '../examples/preview.ts';
import { settings } from './settings.ts';
import { isTraining, secondsPerToken } from './training.ts';

/** Memory of the run that would start now; undefined while unknown, or where nothing is planned. */
export const plan = signal<PlanReport | undefined>(undefined);
/** Why it could not be planned: it does not fit, for one. */
export const planFailure = signal<Failure | undefined>(undefined);

export function watchPlan(): void {
  effect(() => {
    const ready = model.value;
    const planned = settings.value;
    if (isTraining.value) return;
    plan.value = undefined;
    planFailure.value = undefined;
    if (ready.kind !== 'ready' || 'problem' in planned || engineFacts.value?.executor !== 'webgpu') return;
    const { config, size } = planned;
    const accumulate = size?.accumulate ?? DEFAULT_ACCUMULATE;
    const timer = setTimeout(() => {
      void engine.plan(ready.facts.id, { ...config, accumulate }).then((answer) => {
        if (settings.peek() !== planned || model.peek() !== ready) return;
        plan.value = answer.ok ? answer.value : undefined;
        planFailure.value = answer.ok ? undefined : answer.error;
        // While the person still reads; what does not compile will say so when it is asked for.
        if (answer.ok) void engine.prepare(ready.facts.id, { ...config, accumulate });
      });
    }, 250);
    return () => clearTimeout(timer);
  });
}

/** Two saved states of a run stay, and a third is written before the oldest goes. */
const SAVED_STATES = 3;
/** A saved state has the optimizer's numbers in 32 bits each. */
const WIDENED = { f32: 1, '8bit': 4 } as const;

/** What a run needs of the browser's storage at most: its saved states and the adapter. */
export const savedBytes = computed(() => {
  if (plan.value === undefined) return undefined;
  const { adapterBytes, optimizerBytes, optimizerState } = plan.value;
  return SAVED_STATES * (adapterBytes + WIDENED[optimizerState] * optimizerBytes) + adapterBytes;
});

/** Seconds that the run would take, from the speed this device had before; undefined before a first run. */
export const estimatedSeconds = computed(() => {
  const planned = settings.value;
  const perToken = secondsPerToken.value;
  const lengths = measure.value;
  if ('problem' in planned || planned.size === undefined || perToken === undefined || lengths === undefined)
    return undefined;
  const { updates, accumulate } = planned.size;
  const perUpdate = (lengths.totalTokens / Math.max(1, lengths.rows)) * accumulate * (planned.config.batchSize ?? 1);
  return updates * perUpdate * perToken;
});

/** Characters that a token stands for, in the large vocabularies of known models. */
const TOKEN_CHARACTERS = 4;
/** Tokens of the chat template around a question and its answer. */
const TEMPLATE_TOKENS = 20;

/** Seconds that a run on the chosen examples would take with a model that trains at such a rate; undefined without examples. */
export function secondsAt(tokensPerSecond: number | undefined): number | undefined {
  const run = settings.value;
  if (tokensPerSecond === undefined || 'problem' in run || run.size === undefined || examples.value.kind !== 'ready')
    return undefined;
  const { updates, accumulate } = run.size;
  const tokens = examples.value.set.facts.medianLength / TOKEN_CHARACTERS + TEMPLATE_TOKENS;
  return (updates * accumulate * (run.config.batchSize ?? 1) * tokens) / tokensPerSecond;
}
