import { effect, signal } from '@preact/signals';
import type { SideBySide } from '../../evaluate/side-by-side.ts';
import type { Dataset, EvaluateReport, Result } from '../../../workers/engine/contract.ts';
import { linesOf, tokensForAnswers } from '../exam/exam.ts';
import { rowsOf } from '../improve/improving.ts';
import { engine, model } from '../state/engine.ts';
import type { PageFailure } from '../state/page-failure.ts';
import { isTraining } from '../train/training.ts';
import { onDeleted, openAdapter, runsFailure } from './runs.ts';

/** Questions that both are asked: enough to tell, few enough to wait for. */
const MOST_QUESTIONS = 60;

export type SideBySideState = { readonly outs: readonly string[] } & (
  | { readonly kind: 'asking'; /** 0 to 1 */ readonly share: number }
  | { readonly kind: 'done'; readonly result: SideBySide }
  /** No row is at hand that neither was trained on. */
  | { readonly kind: 'no-rows' }
  | { readonly kind: 'failed'; readonly failure: PageFailure }
);

/** Two versions' answers to the same questions. */
export const versionsSideBySide = signal<SideBySideState | undefined>(undefined);

let asking: AbortController | undefined;

export function stopSideBySide(): void {
  asking?.abort();
  asking = undefined;
  versionsSideBySide.value = undefined;
}

// Answers are of one model and its adapters.
effect(() => {
  if (isTraining.value || model.value.kind !== 'ready') stopSideBySide();
});
onDeleted.add((out) => {
  if (versionsSideBySide.peek()?.outs.includes(out) === true) stopSideBySide();
});

/** Rows that neither was trained on: those that both kept back, or else those that one kept back and the other never had. */
async function unseenBy(outs: readonly string[]): Promise<string[]> {
  const [first, second] = await Promise.all(outs.map(rowsOf));
  const lines = (data: Dataset | undefined): string[] => (data === undefined ? [] : linesOf(data));
  const [one, other] = [lines(first?.heldOut), lines(second?.heldOut)];
  const both = one.filter((line) => other.includes(line));
  if (both.length > 0) return both;
  const trained = new Set([...lines(first?.data), ...lines(second?.data)]);
  return [...new Set([...one, ...other])].filter((line) => !trained.has(line));
}

/** Asks both versions what neither was trained on. @param outs the earlier one first */
export async function askBothVersions(outs: readonly [string, string]): Promise<void> {
  if (model.value.kind !== 'ready' || isTraining.value) return;
  asking?.abort();
  const mine = (asking = new AbortController());
  const { id } = model.value.facts;
  versionsSideBySide.value = { kind: 'asking', outs, share: 0 };
  const lines = (await unseenBy(outs)).slice(0, MOST_QUESTIONS);
  if (asking !== mine) return;
  if (lines.length === 0) {
    versionsSideBySide.value = { kind: 'no-rows', outs };
    return;
  }
  const data = { name: 'questions.jsonl', bytes: new TextEncoder().encode(`${lines.join('\n')}\n`) };
  const answersOf = async (out: string, side: number): Promise<Result<EvaluateReport>> => {
    const opened = await openAdapter(out);
    // Of two versions of which one is gone, this comparison is not shown any more.
    if (!opened.ok && opened.error.goneRun !== undefined) runsFailure.value = opened.error;
    if (!opened.ok) return opened;
    const { id: adapter, system } = opened.value;
    const request = { model: id, adapter, data, maxNewTokens: tokensForAnswers(lines) };
    const answered = await engine.evaluate(system === undefined ? request : { ...request, system }, {
      signal: mine.signal,
      onProgress: ({ done, total }) => {
        if (asking === mine)
          versionsSideBySide.value = { kind: 'asking', outs, share: (side + done / Math.max(1, total)) / 2 };
      },
    });
    void engine.unloadAdapter(adapter);
    return answered;
  };
  const first = await answersOf(outs[0], 0);
  const second = first.ok && asking === mine ? await answersOf(outs[1], 1) : first;
  if (asking !== mine) return;
  asking = undefined;
  if (!first.ok || !second.ok) {
    const failed = first.ok ? second : first;
    versionsSideBySide.value = failed.ok ? undefined : { kind: 'failed', outs, failure: failed.error };
    return;
  }
  const { sideBySide } = await import('../../evaluate/side-by-side.ts');
  const result = sideBySide(first.value.predictions, second.value.predictions);
  versionsSideBySide.value = result === undefined ? { kind: 'no-rows', outs } : { kind: 'done', outs, result };
}
