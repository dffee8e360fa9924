import type { ChatMessage, ChatTokenizer } from '../../models/tokenizer/chat-tokenizer.ts';
import { prepareExamples, type PrepareOptions } from '../data/prepare.ts';
import type { Example } from '../data/rows.ts';
import type { PreparedRows, TrainingRow } from './objective.ts';

interface AnswersRow {
  readonly line: number;
  readonly prompt: readonly ChatMessage[];
  readonly tools?: readonly object[];
}

/** One of the answers of a row. */
export interface Answer {
  /** What the file calls it. */
  readonly name: string;
  readonly messages: readonly ChatMessage[];
}

/** A prompt with an answer as tokens, of which the answer is scored; undefined where nothing of it is left to score. */
export function answerExample(
  { line, prompt, tools }: AnswersRow,
  answer: readonly ChatMessage[],
  tokenizer: ChatTokenizer,
  options: PrepareOptions,
): ReturnType<typeof prepareExamples> {
  const row = { kind: 'messages', line, messages: [...prompt, ...answer], ...(tools && { tools }) } as const;
  return prepareExamples([row], tokenizer, { ...options, lossOn: 'completion' });
}

/**
 * Rows of several answers to one prompt: a row is usable where each of its answers is. What is to be said of more than one of
 * them is said once.
 */
export function prepareAnswers<Source extends AnswersRow, Row extends TrainingRow>(
  rows: readonly Source[],
  tokenizer: ChatTokenizer,
  options: PrepareOptions,
  parts: {
    readonly answersOf: (row: Source) => readonly Answer[];
    readonly make: (row: Source, examples: readonly Example[]) => Row;
  },
): PreparedRows<Row> {
  const result: PreparedRows<Row> = { rows: [], problems: [], truncated: [], notes: [] };
  for (const row of rows) {
    const prepared = parts.answersOf(row).map(({ name, messages }) => ({
      name,
      ...answerExample(row, messages, tokenizer, options),
    }));
    const problems = prepared.flatMap(({ name, problems: of }) =>
      of.map((problem) => ({ ...problem, reason: `${name}: ${problem.reason}` })),
    );
    if (problems.length > 0) {
      result.problems.push(...problems.slice(0, 1));
      continue;
    }
    const { line } = row;
    result.rows.push(
      parts.make(
        row,
        prepared.flatMap(({ examples }) => examples),
      ),
    );
    const cut = Math.max(0, ...prepared.flatMap(({ truncated }) => truncated.map(({ tokens }) => tokens)));
    if (cut > 0) result.truncated.push({ line, tokens: cut });
    const texts = new Set(prepared.flatMap(({ notes }) => notes.map(({ text }) => text)));
    for (const text of texts) result.notes.push({ line, text });
  }
  return result;
}
