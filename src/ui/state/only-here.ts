import { computed, signal } from '@preact/signals';
import { engineFacts } from './engine.ts';

/** Runs that ended in this tab and whose adapter was not taken away since. */
const notTaken = signal<ReadonlySet<string>>(new Set());

export function addNotTaken(out: string): void {
  notTaken.value = new Set(notTaken.value).add(out);
}

/** The adapter of `out` was handed to the browser's downloads, or is no longer wanted. */
export function takenAway(out: string): void {
  notTaken.value = new Set([...notTaken.value].filter((each) => each !== out));
}

/** Whether something that was trained ends with this tab: the browser gives no storage, and nothing was downloaded. */
export const endsWithTab = computed(() => engineFacts.value?.keepsFiles === false && notTaken.value.size > 0);
