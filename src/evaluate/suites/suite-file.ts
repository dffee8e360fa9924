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

/** What every answer must keep to, whatever the question. */
export type Rule =
  | { readonly kind: 'blocked' | 'required'; readonly pattern: RegExp }
  | { readonly kind: 'json' }
  | { readonly kind: 'max-words'; readonly words: number };

export interface SuiteFile {
  readonly rows: readonly SuiteRow[];
  readonly rules: readonly Rule[];
}

const RULE = v.variant('rule', [
  v.strictObject({ rule: v.picklist(['blocked', 'required']), pattern: v.pipe(v.string(), v.minLength(1)) }),
  v.strictObject({ rule: v.literal('json') }),
  v.strictObject({ rule: v.literal('max-words'), words: v.pipe(v.number(), v.integer(), v.minValue(1)) }),
]);

function readRule(value: unknown, where: string): Rule {
  const rule = checkShape(RULE, value, {
    what: where,
    code: 'bad-file',
    wanted: '{"rule": "blocked" or "required", "pattern"}, {"rule": "json"} or {"rule": "max-words", "words"}',
    fix: 'correct the rule',
  });
  switch (rule.rule) {
    case 'blocked':
    case 'required':
      return { kind: rule.rule, pattern: parsePattern(rule.pattern, where) };
    case 'json':
      return { kind: 'json' };
    case 'max-words':
      return { kind: 'max-words', words: rule.words };
    default:
      return rule satisfies never;
  }
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
 * Reads a suite: JSON lines, or a JSON list, of rows and rules.
 * @param name of the file, for messages
 * @throws `bad-file` with the line
 */
export function parseSuite(content: string, name: string): SuiteFile {
  const of = { what: name, code: 'bad-file', wanted: WANTED, fix: 'correct the file' } as const;
  const list = content.trimStart().startsWith('[') ? (parseJson(content, of) as unknown[]) : undefined;
  const values =
    list?.map((value, i) => ({ value, line: i + 1, where: `${name}: row ${i + 1}` })) ??
    content.split('\n').flatMap((text, i) => {
      const where = `${name}:${i + 1}`;
      return text.trim() === '' ? [] : [{ value: parseJson(text, { ...of, what: where }), line: i + 1, where }];
    });
  if (values.length === 0) throw new WebLoraError('bad-file', name, { got: 'no row', wanted: WANTED });
  const isRule = ({ value }: (typeof values)[number]): boolean =>
    typeof value === 'object' && value !== null && Object.hasOwn(value, 'rule');
  return {
    rules: values.filter(isRule).map(({ value, where }) => readRule(value, where)),
    rows: values.filter((one) => !isRule(one)).map(({ value, line, where }) => readRow(value, line, where)),
  };
}
