import * as v from 'valibot';
import type { ChatMessage } from '../../../models/tokenizer/chat-tokenizer.ts';
import { WebLoraError } from '../../errors.ts';
import { anyObject, checkShape, parseJson } from '../../schema.ts';
import { parsePattern } from '../metrics/pattern.ts';

/** A question of a suite with what its answer must be. */
export interface SuiteRow {
  /** Of the file, from 1. */
  readonly line: number;
  readonly messages: readonly ChatMessage[];
  readonly expected?: string;
  readonly contains?: readonly string[];
  readonly pattern?: RegExp;
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly choices?: { readonly texts: readonly string[]; readonly right: number };
}

const WANTED =
  'a row {"prompt" or "messages", and at least one of "expected", "contains", "pattern", "fields", "choices" with "answer"}';
const text = v.pipe(v.string(), v.minLength(1));
const ROW = v.strictObject({
  prompt: v.optional(text),
  messages: v.optional(
    v.pipe(
      v.array(v.strictObject({ role: v.picklist(['system', 'user', 'assistant']), content: v.string() })),
      v.minLength(1),
    ),
  ),
  system: v.optional(v.string()),
  expected: v.optional(v.string()),
  contains: v.optional(v.union([text, v.pipe(v.array(text), v.minLength(1))])),
  pattern: v.optional(text),
  fields: v.optional(anyObject),
  choices: v.optional(v.pipe(v.array(text), v.minLength(2))),
  answer: v.optional(v.union([v.string(), v.number()])),
});

/** Index of the right one among choices, by its text or its place from 0. */
function rightChoice(choices: readonly string[], answer: string | number | undefined, where: string): number {
  const at = typeof answer === 'number' ? answer : choices.indexOf(answer ?? '');
  if (choices[at] !== undefined) return at;
  throw new WebLoraError('bad-file', `${where}: "answer"`, {
    got: answer === undefined ? 'nothing' : JSON.stringify(answer),
    wanted: 'one of "choices", or its place from 0',
    fix: 'correct it',
  });
}

function readRow(value: unknown, line: number, where: string): SuiteRow {
  const of = { what: where, code: 'bad-file', wanted: WANTED, fix: 'correct the row' } as const;
  const { prompt, messages, system, contains, pattern, choices, answer, expected, fields } = checkShape(ROW, value, of);
  const refuse = (got: string, wanted: string): WebLoraError =>
    new WebLoraError('bad-file', where, { got, wanted, fix: 'correct the row' });
  if ((prompt === undefined) === (messages === undefined))
    throw refuse(prompt === undefined ? 'neither "prompt" nor "messages"' : '"prompt" and "messages"', 'one of them');
  if ([expected, contains, pattern, fields, choices].every((check) => check === undefined))
    throw refuse('nothing to hold the answer against', WANTED);
  if (answer !== undefined && choices === undefined) throw refuse('"answer" without "choices"', 'both, or "expected"');
  if (fields !== undefined && Object.keys(fields).length === 0) throw refuse('no field in "fields"', 'at least one');
  const asked: readonly ChatMessage[] = messages ?? [{ role: 'user', content: prompt ?? '' }];
  if (asked.at(-1)?.role !== 'user') throw refuse('a last message that is no question', 'one of the role user');
  return {
    line,
    messages: system === undefined ? asked : [{ role: 'system', content: system }, ...asked],
    ...(expected !== undefined && { expected }),
    ...(contains !== undefined && { contains: typeof contains === 'string' ? [contains] : contains }),
    ...(pattern !== undefined && { pattern: parsePattern(pattern, where) }),
    ...(fields !== undefined && { fields }),
    ...(choices && { choices: { texts: choices, right: rightChoice(choices, answer, where) } }),
  };
}

/**
 * Reads a suite: JSON lines, or a JSON list of rows.
 * @param name of the file, for messages
 * @throws `bad-file` with the line
 */
export function parseSuite(content: string, name: string): readonly SuiteRow[] {
  const of = { what: name, code: 'bad-file', wanted: WANTED, fix: 'correct the file' } as const;
  const list = content.trimStart().startsWith('[') ? (parseJson(content, of) as unknown[]) : undefined;
  const rows =
    list?.map((value, i) => readRow(value, i + 1, `${name}: row ${i + 1}`)) ??
    content.split('\n').flatMap((line, i) => {
      const where = `${name}:${i + 1}`;
      return line.trim() === '' ? [] : [readRow(parseJson(line, { ...of, what: where }), i + 1, where)];
    });
  if (rows.length === 0) throw new WebLoraError('bad-file', name, { got: 'no row', wanted: WANTED });
  return rows;
}
