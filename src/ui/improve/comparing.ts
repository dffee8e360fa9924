import { computed, effect, signal } from '@preact/signals';
import { Pcg32 } from '../../data/random.ts';
import type { GenerateRequest } from '../../../workers/engine/contract.ts';
import { engine, model } from '../state/engine.ts';
import type { PageFailure } from '../state/page-failure.ts';
import { earlierRuns, failureOfRun, isHere } from '../take-away/runs.ts';
import { stream, type Answer } from '../try/answer.ts';
import { adapter, answerLength, hasOtherQuestions, keepAsExample, nextQuestion, question } from '../try/trial.ts';
import { addPair } from './pairs.ts';

/** What stands beside the tuned model's answer: another one of its own, the base model's, or that of an earlier run. */
export type ComparedWith = 'itself' | 'base' | { readonly out: string };

/** Whether the place Try shows the comparison instead of its own two answers. */
export const isComparing = signal(false);
export const comparedWith = signal<ComparedWith>('itself');

export type Comparison =
  | { readonly kind: 'none' }
  | { readonly kind: 'writing' }
  /** Two answers in an order that says nothing of whose they are. */
  | { readonly kind: 'shown'; readonly question: string; readonly answers: readonly [string, string] }
  /** Both are bad: what would be better? */
  | { readonly kind: 'correcting'; readonly question: string }
  /** No two different answers came out. */
  | { readonly kind: 'same' }
  | { readonly kind: 'failed'; readonly failure: PageFailure };

export const comparison = signal<Comparison>({ kind: 'none' });

/** Whether the open adapter can learn more: that of a finished run in this browser, not of an opened file. */
export const canImprove = computed(
  () =>
    adapter.value !== undefined &&
    earlierRuns.value.some(({ out, finished }) => finished && out === adapter.value?.out),
);

/** How freely the second of two answers of one model is worded; more each time the same comes out again. */
const TEMPERATURES = [0.8, 1, 1.3];

let asking: AbortController | undefined;
const random = new Pcg32(Date.now());

export function clearComparison(): void {
  asking?.abort();
  asking = undefined;
  comparison.value = { kind: 'none' };
}

// A comparison is of one adapter.
let comparedAdapter: string | undefined;
effect(() => {
  const id = model.value.kind === 'ready' ? adapter.value?.id : undefined;
  if (id === comparedAdapter) return;
  comparedAdapter = id;
  clearComparison();
  if (id === undefined) isComparing.value = false;
});

/** Has the question answered twice; both answers are shown at once, in a random order. */
export async function showTwo(): Promise<void> {
  const current = adapter.value;
  const asked = question.value;
  if (current === undefined || asked.trim() === '' || model.value.kind !== 'ready') return;
  clearComparison();
  const mine = new AbortController();
  asking = mine;
  comparison.value = { kind: 'writing' };
  const base = {
    model: model.value.facts.id,
    input: {
      messages: [
        ...(current.system === undefined ? [] : [{ role: 'system' as const, content: current.system }]),
        { role: 'user' as const, content: asked },
      ],
    },
    maxNewTokens: answerLength.value,
  };
  const tuned = { ...base, adapter: current.id };
  const found = await twoAnswers(
    () => answerTo({ ...tuned, temperature: 0 }, mine.signal),
    (attempt) => otherAnswer(base, tuned, attempt, mine.signal),
  );
  if (asking !== mine) return;
  if (found.kind === 'shown' && random.nextBelow(2) === 1) {
    const [first, second] = found.answers;
    comparison.value = { ...found, question: asked, answers: [second, first] };
  } else comparison.value = found.kind === 'shown' ? { ...found, question: asked } : found;
}

type Found =
  | { readonly kind: 'shown'; readonly answers: readonly [string, string] }
  | { readonly kind: 'same' }
  | { readonly kind: 'failed'; readonly failure: PageFailure };

/** Two answers that differ, neither of them empty. */
async function twoAnswers(one: () => Promise<Answer>, other: (attempt: number) => Promise<Answer>): Promise<Found> {
  const first = await one();
  if (first.kind === 'failed') return first;
  for (let attempt = 0; attempt < TEMPERATURES.length; attempt += 1) {
    const second = await other(attempt);
    if (second.kind === 'failed') return second;
    const [a, b] = [first, second].map((answer) => (answer.kind === 'done' ? answer.text.trim() : ''));
    if (a && b && a !== b) return { kind: 'shown', answers: [a, b] };
    // Said without chance, it would be the same again.
    if (comparedWith.peek() !== 'itself') break;
  }
  return { kind: 'same' };
}

async function answerTo(request: GenerateRequest, signal: AbortSignal): Promise<Answer> {
  let last: Answer = { kind: 'none' };
  await stream(request, signal, (answer) => (last = answer));
  return last;
}

async function otherAnswer(
  base: GenerateRequest,
  tuned: GenerateRequest,
  attempt: number,
  signal: AbortSignal,
): Promise<Answer> {
  const other = comparedWith.peek();
  if (other === 'itself') {
    const temperature = TEMPERATURES[attempt] ?? 1;
    return answerTo({ ...tuned, temperature, seed: random.nextBelow(2 ** 31) }, signal);
  }
  if (other === 'base') return answerTo({ ...base, temperature: 0 }, signal);
  const opened = await engine.openRun(base.model, other.out);
  if (!opened.ok) {
    const failure = await failureOfRun(other.out, opened.error);
    if (!isHere(other.out)) comparedWith.value = 'itself';
    return { kind: 'failed', failure };
  }
  try {
    return await answerTo({ ...base, adapter: opened.value, temperature: 0 }, signal);
  } finally {
    void engine.unloadAdapter(opened.value);
  }
}

export type Judgement = 'first' | 'second' | 'both-bad' | 'same';

/** Keeps the choice, and goes on with the next question. */
export function judge(judgement: Judgement): void {
  const shown = comparison.value;
  const current = adapter.value;
  if (shown.kind !== 'shown' || current === undefined) return;
  if (judgement === 'both-bad') {
    comparison.value = { kind: 'correcting', question: shown.question };
    return;
  }
  const [first, second] = shown.answers;
  if (judgement === 'first') addPair(current.out, { prompt: shown.question, chosen: first, rejected: second });
  if (judgement === 'second') addPair(current.out, { prompt: shown.question, chosen: second, rejected: first });
  goOn();
}

/** Keeps a better answer as an example, where one was written. */
export function correctBoth(answer: string): void {
  const state = comparison.value;
  if (state.kind !== 'correcting') return;
  keepAsExample(answer, state.question);
  goOn();
}

function goOn(): void {
  if (!hasOtherQuestions.value) return clearComparison();
  nextQuestion();
  void showTwo();
}
