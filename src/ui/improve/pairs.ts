import { computed } from '@preact/signals';
import type { Dataset } from '../../../workers/engine/contract.ts';
import { syncedSignal } from '../state/persisted.ts';
import { onDeleted } from '../take-away/runs.ts';
import { adapter } from '../try/trial.ts';
import { MIN_HELD_OUT, MIN_PAIRS, splitPairs, type ChosenPair } from './split-pairs.ts';

/** More than these would not teach more, and local storage has room for so many. */
const MOST_PAIRS = 500;

/** By the folder of the run whose answers were compared. */
const pairsOfRuns = syncedSignal<Readonly<Record<string, readonly ChosenPair[]>>>(
  'pairs',
  {},
  (value) => typeof value === 'object' && value !== null && Object.values(value).every(Array.isArray),
);

export const pairsOf = (out: string): readonly ChosenPair[] => pairsOfRuns.value[out] ?? [];

function setPairs(out: string, pairs: readonly ChosenPair[]): void {
  const { [out]: _old, ...others } = pairsOfRuns.value;
  pairsOfRuns.value = pairs.length === 0 ? others : { ...others, [out]: pairs.slice(-MOST_PAIRS) };
}

const isSame = (a: ChosenPair, b: ChosenPair): boolean =>
  a.prompt === b.prompt && a.chosen === b.chosen && a.rejected === b.rejected;

/** Keeps a choice; the same one twice would not teach more. */
export function addPair(out: string, pair: ChosenPair): void {
  setPairs(out, [...pairsOf(out).filter((other) => !isSame(other, pair)), pair]);
}

export function removePair(out: string, pair: ChosenPair): void {
  setPairs(
    out,
    pairsOf(out).filter((other) => other !== pair),
  );
}

/** A run on top of another one goes on with its comparisons. */
export function copyPairs(from: string, to: string): void {
  setPairs(to, pairsOf(from));
}

/** Whether there are enough of the open adapter to learn from, and to check with. */
export const isEnough = computed(() => {
  const pairs = pairsOf(adapter.value?.out ?? '');
  return pairs.length >= MIN_PAIRS && splitPairs(pairs).heldOut.length >= MIN_HELD_OUT;
});

onDeleted.add((out) => setPairs(out, []));

/** Preference rows as JSONL, as `weblora train --objective dpo` reads them. */
export const pairsFile = (name: string, pairs: readonly ChosenPair[]): Dataset => ({
  name,
  bytes: new TextEncoder().encode(pairs.map((pair) => `${JSON.stringify(pair)}\n`).join('')),
});
