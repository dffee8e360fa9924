import { signal } from '@preact/signals';
import { engineFacts } from '../state/engine.ts';
import { syncedSignal } from '../state/persisted.ts';

/** Runs that were listed last: browsers may clear files and leave the page's settings. */
const knownRuns = syncedSignal<readonly string[]>(
  'known-runs',
  [],
  (value) => Array.isArray(value) && value.every((out) => typeof out === 'string'),
);

/** Runs that were here and that nobody deleted; until the person has read of them. */
export const goneRuns = signal<readonly string[]>([]);

/** Runs that the person deleted in this visit: a list that was read before does not make them missed. */
const deleted = new Set<string>();

/** Compares the runs that are listed with those that were. */
export function noteListedRuns(outs: readonly string[]): void {
  // In memory there is nothing of an earlier visit, and the runs of one may still be on the disk.
  if (engineFacts.peek()?.keepsFiles !== true) return;
  const gone = [...goneRuns.peek(), ...knownRuns.peek()].filter((out) => !outs.includes(out) && !deleted.has(out));
  goneRuns.value = [...new Set(gone)];
  knownRuns.value = outs.filter((out) => !deleted.has(out));
}

/** The person deletes it: it is not missed. */
export function forgetKnownRun(out: string): void {
  deleted.add(out);
  knownRuns.value = knownRuns.peek().filter((known) => known !== out);
}

export function dismissGoneRuns(): void {
  goneRuns.value = [];
}
