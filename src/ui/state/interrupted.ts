import { signal } from '@preact/signals';
import type { RunSummary } from '../../../workers/engine/contract.ts';
import { earlierRuns } from './runs.ts';
import { canContinue } from './training.ts';

/** Unfinished runs whose examples are still kept: these can go on. */
export const resumable = signal<ReadonlySet<string>>(new Set());
/** The newest of them, offered where training starts. */
export const interrupted = signal<RunSummary | undefined>(undefined);

export async function findInterrupted(): Promise<void> {
  const unfinished = earlierRuns.value.filter(({ finished }) => !finished);
  const kept: RunSummary[] = [];
  for (const summary of unfinished) if (await canContinue(summary.out)) kept.push(summary);
  resumable.value = new Set(kept.map(({ out }) => out));
  const [newest] = kept;
  interrupted.value = newest !== undefined && newest.out === earlierRuns.value[0]?.out ? newest : undefined;
}
