import { signal } from '@preact/signals';
import type { Failure } from '../../errors.ts';
import type { RunSummary } from '../../../workers/engine/contract.ts';
import { engine, model } from './engine.ts';
import { chooseSample, chosenSource } from './examples.ts';
import { readRunName } from './run-name.ts';
import { adapter } from './trial.ts';

export const earlierRuns = signal<readonly RunSummary[]>([]);
export const runsFailure = signal<Failure | undefined>(undefined);

export async function refreshRuns(): Promise<void> {
  const listed = await engine.listRuns();
  if (listed.ok) earlierRuns.value = listed.value;
  else runsFailure.value = listed.error;
}

/** Makes an earlier run's adapter the one that is tried and taken away. */
export async function openEarlierRun(out: string): Promise<void> {
  if (model.value.kind !== 'ready') return;
  const opened = await engine.openRun(model.value.facts.id, out);
  if (!opened.ok) {
    runsFailure.value = opened.error;
    return;
  }
  runsFailure.value = undefined;
  const { title, sample } = readRunName(out);
  if (sample !== undefined && sample !== chosenSource.value) await chooseSample(sample);
  adapter.value = { id: opened.value, out, title };
  document.querySelector('#try')?.scrollIntoView();
}
