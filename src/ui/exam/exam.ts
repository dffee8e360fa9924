import { effect, signal } from '@preact/signals';
import type { Failure } from '../../errors.ts';
import type { Dataset, EvaluateRequest } from '../../../workers/engine/contract.ts';
import { engine, model } from '../state/engine.ts';
import { noteRun } from '../state/run-notes.ts';
import { languageOfTexts } from '../../data/language-of-text.ts';
import { answerBytes, rephrased } from './exam-rows.ts';
import { judge, type Evidence, type Score, type Verdict } from './verdict.ts';

/** Questions of each kind, as many as tell something. */
const HELD_OUT = 20;
const TRAINED = 6;
/** Asked at a time: the page says how far it is, and stops soon when time is up. */
const PART = 4;
/** Seconds for each kind of question; what was answered until then counts. */
const LIMIT_SECONDS = 30;
/** Tokens that an answer may have at most. */
const MAX_TOKENS = 128;
/** And beyond the longest one wanted: an answer that goes on after that is wrong anyway. */
const SPARE_TOKENS = 32;

export type ExamState =
  | { readonly kind: 'none' }
  | { readonly kind: 'asking'; readonly out: string; readonly asked: number; readonly of: number }
  | { readonly kind: 'done'; readonly out: string; readonly evidence: Evidence; readonly verdict: Verdict }
  | { readonly kind: 'failed'; readonly out: string; readonly failure: Failure };

/** The exam of the run that ended last. */
export const exam = signal<ExamState>({ kind: 'none' });

let asking: AbortController | undefined;

export function stopExam(): void {
  asking?.abort();
  asking = undefined;
  exam.value = { kind: 'none' };
}

// An exam is of one model: putting that away ends it.
effect(() => {
  if (model.value.kind !== 'ready') stopExam();
});

export interface ExamRequest {
  /** The run's folder. */
  readonly out: string;
  readonly adapter: string;
  readonly system?: string;
  /** Rows it was trained on. */
  readonly data: Dataset;
  /** Rows kept back. */
  readonly heldOut?: Dataset;
}

export const linesOf = ({ bytes }: Dataset): string[] => new TextDecoder().decode(bytes).split('\n').filter(Boolean);

const asDataset = (name: string, lines: readonly string[]): Dataset => ({
  name,
  bytes: new TextEncoder().encode(`${lines.join('\n')}\n`),
});

/** A file's first rows. */
export const firstRows = (data: Dataset, count: number): Dataset => asDataset(data.name, linesOf(data).slice(0, count));

/** Spread over the set, so that rows sorted by topic are asked of all topics. */
function spread<T>(values: readonly T[], count: number): T[] {
  const each = Math.max(1, values.length / count);
  return Array.from({ length: Math.min(count, values.length) }, (_, i) => values[Math.floor(i * each)]).flatMap(
    (value) => (value === undefined ? [] : [value]),
  );
}

/** Asks the tuned model what it never saw, what it was trained on, and that in other words; the verdict is the result. */
export async function examine(request: ExamRequest): Promise<void> {
  const { out, data, heldOut, adapter, system } = request;
  if (model.value.kind !== 'ready') return;
  asking?.abort();
  const mine = new AbortController();
  asking = mine;
  const rows = spread(linesOf(data), TRAINED);
  const language = languageOfTexts(rows);
  const parts: readonly (readonly ['heldOut' | 'trained' | 'rephrased', readonly string[]])[] = [
    ['heldOut', heldOut === undefined ? [] : linesOf(heldOut).slice(0, HELD_OUT)],
    ['trained', rows],
    ['rephrased', rows.flatMap((line, i) => rephrased(line, language, i) ?? [])],
  ];
  const of = parts.reduce((sum, [, lines]) => sum + lines.length, 0);
  const base = { model: model.value.facts.id, adapter, ...(system !== undefined && { system }) };
  const evidence: { -readonly [Part in keyof Evidence]: Evidence[Part] } = {};
  let asked = 0;
  exam.value = { kind: 'asking', out, asked, of };
  for (const [part, lines] of parts) {
    const score = await ask(base, part, lines, mine.signal, (more) => {
      if (asking === mine) exam.value = { kind: 'asking', out, asked: (asked += more), of };
    });
    if (asking !== mine || mine.signal.aborted) return;
    if ('code' in score) {
      exam.value = { kind: 'failed', out, failure: score };
      return;
    }
    if (score.asked > 0) evidence[part] = { asked: score.asked, right: score.right };
    if (score.isOutOfTime) evidence.isOutOfTime = true;
  }
  if (evidence.heldOut !== undefined) noteRun(out, { score: evidence.heldOut });
  exam.value = { kind: 'done', out, evidence, verdict: judge(evidence) };
}

/** Held-out questions alone, a few of them: whether a demo may stop. */
export async function quickExam(
  { adapter, heldOut }: Pick<ExamRequest, 'adapter' | 'heldOut'>,
  count: number,
): Promise<Score> {
  if (model.value.kind !== 'ready' || heldOut === undefined) return { asked: 0, right: 0 };
  const lines = linesOf(heldOut).slice(0, count);
  const score = await ask({ model: model.value.facts.id, adapter }, 'heldOut', lines, new AbortController().signal);
  return 'code' in score ? { asked: 0, right: 0 } : score;
}

/** Tokens that an answer to one of these rows may have. */
export const tokensForAnswers = (lines: readonly string[]): number =>
  Math.min(MAX_TOKENS, Math.max(0, ...lines.map((line) => answerBytes(line) ?? MAX_TOKENS)) + SPARE_TOKENS);

async function ask(
  request: Omit<EvaluateRequest, 'data'>,
  name: string,
  lines: readonly string[],
  stopped: AbortSignal,
  onAsked: (more: number) => void = () => undefined,
): Promise<(Score & { readonly isOutOfTime: boolean }) | Failure> {
  let [asked, right] = [0, 0];
  const timeIsUp = AbortSignal.timeout(1000 * LIMIT_SECONDS);
  const signal = AbortSignal.any([stopped, timeIsUp]);
  const maxNewTokens = tokensForAnswers(lines);
  let from = 0;
  for (; from < lines.length && !signal.aborted; from += PART) {
    const part = lines.slice(from, from + PART);
    const data = asDataset(`${name}.jsonl`, part);
    const result = await engine.evaluate({ ...request, data, maxNewTokens }, { signal });
    if (!result.ok && result.error.code === 'aborted' && timeIsUp.aborted) break;
    if (!result.ok) return result.error;
    // Rows without a question are not asked.
    const { exactMatch, rows } = result.value;
    if (exactMatch !== null) {
      asked += rows;
      right += Math.round(exactMatch * rows);
    }
    onAsked(part.length);
  }
  return { asked, right, isOutOfTime: from < lines.length && timeIsUp.aborted };
}
