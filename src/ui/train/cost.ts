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
