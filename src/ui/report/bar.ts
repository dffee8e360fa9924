import { effect } from '@preact/signals';
import { isTextRecord, persistedSignal, syncedSignal } from '../state/persisted.ts';
import { onDeleted } from '../take-away/runs.ts';
import { run } from '../train/training.ts';
import { readBar, USUAL_BAR, writeBar, type WantedBar } from './wanted.ts';

const wanted = persistedSignal('bar', writeBar(USUAL_BAR), (value) => typeof value === 'string');
export const wantedBar = (): WantedBar => readBar(wanted.value);
export function setBar(change: Partial<WantedBar>): void {
  wanted.value = writeBar({ ...readBar(wanted.peek()), ...change });
}

/** The bar of each run, as it was when the run began: nobody moves it afterwards. */
const barsOfRuns = syncedSignal<Readonly<Record<string, string>>>('bars', {}, isTextRecord);
export const barOf = (out: string): WantedBar => readBar(barsOfRuns.value[out] ?? '');

onDeleted.add((out) => {
  const { [out]: _gone, ...others } = barsOfRuns.peek();
  barsOfRuns.value = others;
});

export function watchBars(): void {
  effect(() => {
    const view = run.value;
    if (view?.phase !== 'starting' || view.out in barsOfRuns.peek()) return;
    barsOfRuns.value = { ...barsOfRuns.peek(), [view.out]: wanted.peek() };
  });
}
