import * as v from 'valibot';
import { WebLoraError, type ErrorCode } from './errors.ts';
import { isJsonObject, type JsonObject } from './json.ts';
import type { Phrase } from './phrase.ts';

/** What a file is, for the error of one that is not. */
export interface ShapeOf {
  /** Names the file. */
  readonly what: Phrase;
  readonly code: ErrorCode;
  /** What it should hold, e.g. `the record of a run`. */
  readonly wanted: string;
  readonly fix: Phrase;
}

/** Schemas of values that come out of JSON, where `NaN` is written as `null`. */
export const numberOrNan = v.pipe(
  v.nullable(v.number()),
  v.transform((value) => value ?? Number.NaN),
);
/** A whole number from 0 that a double holds exactly: a size, a count, an index. */
export const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
export const sha256Hex = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));

/** Any object that is no list. */
export const anyObject = v.pipe(v.custom<JsonObject>(isJsonObject, 'Expected Object'));

/**
 * The value, if it has the shape.
 * @throws WebLoraError naming the first place where it has not
 */
export function checkShape<T>(schema: v.GenericSchema<unknown, T>, value: unknown, of: ShapeOf): T {
  const outer = v.safeParse(anyObject, value);
  const result = outer.success ? v.safeParse(schema, value, { abortEarly: true }) : outer;
  if (result.success) return result.output;
  const { what, code, wanted, fix } = of;
  throw new WebLoraError(code, what, { got: describeIssue(result.issues[0], value), wanted, fix });
}

/** The value of a JSON text, if it has the shape. @throws WebLoraError as {@link checkShape}, or for what is no JSON */
export function parseShape<T>(schema: v.GenericSchema<unknown, T>, text: string, of: ShapeOf): T {
  return checkShape(schema, parseJson(text, of), of);
}

/** @throws WebLoraError for what is no JSON */
export function parseJson(text: string, { what, code, wanted, fix }: ShapeOf): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new WebLoraError(code, what, { got: 'text that is not JSON', wanted, fix, cause });
  }
}

/** The value where it has the shape, else undefined: for records that count as absent where they are damaged. */
export function shapeOrUndefined<T>(schema: v.GenericSchema<unknown, T>, value: unknown): T | undefined {
  const result = v.safeParse(schema, value);
  return result.success && v.is(anyObject, value) ? result.output : undefined;
}

/** `"resolved.steps": "x", not a number` */
function describeIssue(issue: v.BaseIssue<unknown>, whole: unknown): string {
  const path = v.getDotPath(issue);
  const at = path === null ? '' : `"${path}": `;
  const input = path === null ? whole : issue.input;
  const expected = issue.expected === null || issue.expected === 'never' ? '' : `, not ${nounOf(issue.expected)}`;
  return `${at}${shown(input)}${expected}`;
}

function nounOf(expected: string): string {
  if (/^Object$|unknown/i.test(expected)) return 'an object';
  if (expected === 'Array') return 'a list';
  if (/^(number|string|boolean)$/.test(expected)) return `a ${expected}`;
  return expected;
}

/** A value cut short, for a message. */
function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
