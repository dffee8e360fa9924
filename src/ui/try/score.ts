import { effect, signal } from '@preact/signals';
import type { Failure } from '../../errors.ts';
import type { Dataset } from '../../../workers/engine/contract.ts';
import { firstRows } from '../exam/exam.ts';
import { engine, model } from '../state/engine.ts';
import { adapter } from './trial.ts';

/** How many of the questions kept back are answered: enough to see a difference, few enough to wait for. */
const QUESTIONS = 20;

export type Score =
  | { readonly kind: 'none' }
  | { readonly kind: 'asking'; /** 0 to 1 */ readonly share: number }
  | {
      readonly kind: 'done';
      readonly questions: number;
      readonly before: number;
      readonly after: number;
      readonly out: string;
    }
  | { readonly kind: 'failed'; readonly failure: Failure };

export const score = signal<Score>({ kind: 'none' });

let asking: AbortController | undefined;

// An exam is of one model: putting that away ends it.
effect(() => {
  if (model.value.kind === 'ready') return;
  asking?.abort();
  asking = undefined;
  score.value = { kind: 'none' };
});

/** Has both sides answer questions kept back from training, and counts the answers that are right. */
export async function measure(heldOut: Dataset): Promise<void> {
  const current = adapter.value;
  if (current === undefined || model.value.kind !== 'ready') return;
  const mine = new AbortController();
  asking = mine;
  const data = firstRows(heldOut, QUESTIONS);
  const request = {
    model: model.value.facts.id,
    data,
    ...(current.system === undefined ? {} : { system: current.system }),
  };
  const ask = (side: 0 | 1, withAdapter: boolean) =>
    engine.evaluate(withAdapter ? { ...request, adapter: current.id } : request, {
      signal: mine.signal,
      onProgress: ({ done, total }) => {
        if (asking === mine) score.value = { kind: 'asking', share: (side + done / Math.max(1, total)) / 2 };
      },
    });
  score.value = { kind: 'asking', share: 0 };
  const before = await ask(0, false);
  const after = before.ok && !mine.signal.aborted ? await ask(1, true) : before;
  if (asking !== mine) return;
  if (mine.signal.aborted) score.value = { kind: 'none' };
  else if (!before.ok) score.value = { kind: 'failed', failure: before.error };
  else if (!after.ok) score.value = { kind: 'failed', failure: after.error };
  else {
    const right = (exactMatch: number | null): number => Math.round((exactMatch ?? 0) * after.value.rows);
    score.value = {
      kind: 'done',
      questions: after.value.rows,
      before: right(before.value.exactMatch),
      after: right(after.value.exactMatch),
      out: current.out,
    };
  }
}

export function stopMeasuring(): void {
  asking?.abort();
}
