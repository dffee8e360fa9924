import { computed, signal } from '@preact/signals';
import { runsOfOtherTabs } from '../state/other-tabs.ts';
import { earlierRuns, isOfThisModel } from '../take-away/runs.ts';
import { canContinue } from './training.ts';

const keptRuns = signal<ReadonlySet<string>>(new Set());
/** Unfinished runs whose examples are still kept and that no other tab trains: these can go on. */
export const resumable = computed(() => new Set([...keptRuns.value].filter((out) => !runsOfOtherTabs.value.has(out))));
const isPutOff = signal(false);

/** The newest run, where it is one of them; offered where training starts. */
export const interrupted = computed(() => {
  const [newest] = earlierRuns.value;
  const isOne = newest !== undefined && resumable.value.has(newest.out) && isOfThisModel(newest);
  return isOne && !isPutOff.value ? newest : undefined;
});

export function putOff(): void {
  isPutOff.value = true;
}

export async function findInterrupted(): Promise<void> {
  const unfinished = earlierRuns.value.filter(({ finished }) => !finished);
  const kept: string[] = [];
  for (const { out } of unfinished) if (await canContinue(out)) kept.push(out);
  keptRuns.value = new Set(kept);
}
