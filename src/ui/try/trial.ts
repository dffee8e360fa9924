import { computed, effect, signal } from '@preact/signals';
import type { ShownRow } from '../../../workers/data/contract.ts';
import type { AdapterId, ChatMessage } from '../../../workers/engine/contract.ts';
import { GENERATE_SETTINGS } from '../../generate/settings.ts';
import { model } from '../state/engine.ts';
import { persistedSignal, syncedSignal } from '../state/persisted.ts';
import { stream, type Answer } from './answer.ts';

/** The adapter that is tried and taken away. */
export interface CurrentAdapter {
  readonly id: AdapterId;
  /** Its run's folder. */
  readonly out: string;
  readonly title: string;
  /** The system prompt it was trained with. */
  readonly system?: string;
  /** Whether more training is to come: the state of a run that is paused. */
  readonly isUnfinished?: boolean;
}

/** Most tokens of an answer, and how freely it is worded: 0 always says the likeliest. */
const { maxNewTokens, temperature: temperatureSetting, strength: strengthSetting } = GENERATE_SETTINGS;
export const answerLength = persistedSignal<number>(
  'answer-length',
  maxNewTokens.default,
  (value) => maxNewTokens.type.read(value) === value,
);
export const temperature = persistedSignal<number>(
  'temperature',
  temperatureSetting.default,
  (value) => temperatureSetting.type.read(value) === value,
);

export const adapter = signal<CurrentAdapter | undefined>(undefined);
export const question = signal('');
/** The system prompt of the questions; the adapter's own unless changed. */
export const trySystem = signal('');
/** The adapter's weight: 0 is the base model, 1 what was trained. */
export const strength = signal<number>(strengthSetting.default);
/** The rows that questions are taken from, and which is shown. */
const pool = signal<readonly ShownRow[]>([]);
const poolIndex = signal(0);
/** The expected answer, while the question is still the prefilled one. */
export const expected = computed(() => {
  const row = pool.value[poolIndex.value];
  return row !== undefined && row.question === question.value ? row.answer : undefined;
});
export const hasOtherQuestions = computed(() => pool.value.length > 1);
export const baseAnswer = signal<Answer>({ kind: 'none' });
export const tunedAnswer = signal<Answer>({ kind: 'none' });
export const isAnswering = computed(() => baseAnswer.value.kind === 'writing' || tunedAnswer.value.kind === 'writing');
/** Whether the questions' system prompt is another than the one trained with. */
export const hasOtherSystem = computed(
  () => adapter.value !== undefined && trySystem.value !== (adapter.value.system ?? ''),
);

let asking: AbortController | undefined;

effect(() => {
  trySystem.value = adapter.value?.system ?? '';
  strength.value = strengthSetting.default;
});

let lastModelId: string | undefined;
effect(() => {
  if (model.value.kind !== 'ready') return;
  const { id } = model.value.facts;
  // An adapter belongs to its model.
  if (lastModelId !== undefined && lastModelId !== id) adapter.value = undefined;
  lastModelId = id;
});

// A model that is put away answers no more; what it still says is nobody's answer.
effect(() => {
  if (model.value.kind === 'ready') return;
  clearAnswers();
  asking = undefined;
});

/** Takes the rows to ask about; the first question is filled in. */
export function prefillQuestion(rows: readonly ShownRow[]): void {
  pool.value = rows.filter((row) => row.question !== '');
  showQuestion(0);
}

function showQuestion(index: number): void {
  poolIndex.value = index;
  question.value = pool.value[index]?.question ?? '';
  clearAnswers();
}

function clearAnswers(): void {
  stopAnswering();
  baseAnswer.value = { kind: 'none' };
  tunedAnswer.value = { kind: 'none' };
}

export function nextQuestion(): void {
  showQuestion((poolIndex.value + 1) % Math.max(1, pool.value.length));
}

/** Asks the base model, then the tuned one if there is one: both share the one GPU. */
export async function compare(): Promise<void> {
  // As it is written: a row's question is trained with its white space too.
  const asked = question.value;
  if (asked.trim() === '' || model.value.kind !== 'ready') return;
  clearAnswers();
  const mine = new AbortController();
  asking = mine;
  const current = adapter.value;
  const prompt = trySystem.value;
  const system: readonly ChatMessage[] = prompt.trim() === '' ? [] : [{ role: 'system', content: prompt }];
  const messages: readonly ChatMessage[] = [...system, { role: 'user', content: asked }];
  const request = {
    model: model.value.facts.id,
    input: { messages },
    maxNewTokens: answerLength.value,
    temperature: temperature.value,
    seed: GENERATE_SETTINGS.seed.default,
  };
  const showIn =
    (target: typeof baseAnswer) =>
    (answer: Answer): void => {
      if (asking === mine) target.value = answer;
    };
  await stream(request, mine.signal, showIn(baseAnswer));
  if (current !== undefined && !mine.signal.aborted) {
    const tuned = { ...request, adapter: current.id, strength: strength.value };
    await stream(tuned, mine.signal, showIn(tunedAnswer));
  }
}

export function stopAnswering(): void {
  asking?.abort();
}

/** A judgement on a tuned answer, or a better one. */
export interface Rating {
  readonly question: string;
  readonly answer: string;
  readonly isGood: boolean;
}

const isRatingList = (value: unknown): boolean =>
  Array.isArray(value) && value.every((entry) => typeof (entry as Rating | null)?.question === 'string');

export const ratings = syncedSignal<readonly Rating[]>('ratings', [], isRatingList);
/** Answers that were corrected or kept, waiting to become examples. */
export const newExamples = syncedSignal<readonly { readonly question: string; readonly answer: string }[]>(
  'new-examples',
  [],
  isRatingList,
);

export function rate(isGood: boolean): void {
  const answer = tunedAnswer.value;
  if (answer.kind !== 'done') return;
  const asked = question.value;
  const others = ratings.value.filter((rating) => rating.question !== asked || rating.answer !== answer.text);
  ratings.value = [...others, { question: asked, answer: answer.text, isGood }].slice(-200);
}

export function keepAsExample(answer: string, to = question.value): void {
  const asked = to.trim();
  if (asked === '' || answer.trim() === '') return;
  const others = newExamples.value.filter((example) => example.question !== asked);
  newExamples.value = [...others, { question: asked, answer: answer.trim() }];
}
