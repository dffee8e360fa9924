import { firstRepeatedKey } from '../formats/json-keys.ts';
import { jsonFault } from './json-fault.ts';

/** One row as its file has it, before its shape is looked at, or why it could not even be read. */
export type RawRow =
  | {
      readonly line: number;
      readonly value: unknown;
      /** The first number whose spelling a parsed number does not keep, such as `1.0`. */
      readonly respelled?: string;
    }
  | { readonly line: number; readonly reason: string; readonly fix: string };

const CHECK_JSON = 'check its quotes, commas and brackets';

/** NaN and the infinities where a value stands: what Python's json and pandas write and JSON does not have. */
const NO_NUMBER = /([:[,]\s*)(-?Infinity|NaN)(?=\s*[,\]}])/g;
// A noncharacter, which no text has: https://www.unicode.org/faq/private_use.html#nonchar1
const MARK = '\ufdd0no number\ufdd0';

const NO_NUMBERS: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
};

/** Strings and what stands between them, so that only the latter is changed. */
function outsideStrings(json: string, change: (part: string) => string): string {
  return json.replace(/"[^"\\]*(?:\\.[^"\\]*)*"|[^"]+/gs, (part) => (part.startsWith('"') ? part : change(part)));
}

/** JSON with NaN and infinities read as what they are; undefined where that does not make it readable. */
function parseWithNoNumbers(json: string): { readonly value: unknown } | undefined {
  // A value's neighbours may be the same kind, and a match takes the comma between them: hence twice.
  const mark = (part: string): string => part.replace(NO_NUMBER, `$1"${MARK}$2"`).replace(NO_NUMBER, `$1"${MARK}$2"`);
  const marked = outsideStrings(json, mark);
  if (marked === json) return undefined;
  try {
    const value: unknown = JSON.parse(marked, (_, inner: unknown) =>
      typeof inner === 'string' && inner.startsWith(MARK) ? NO_NUMBERS[inner.slice(MARK.length)] : inner,
    );
    return { value };
  } catch {
    return undefined;
  }
}

/** Numbers that end in a zero after the point, have an exponent, or are minus zero; strings hold them too. */
const UNUSUAL_NUMBER = /\d\.\d*0(?!\d)|\d[eE][+-]?\d|-0(?![.\d])/;
const NUMBERS = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** The first number that is spelled otherwise once it is parsed: Python writes 1.0 and 1e-05 where JavaScript writes 1 and 0.00001. */
function respelledNumber(json: string): string | undefined {
  if (!UNUSUAL_NUMBER.test(json)) return undefined;
  let first: string | undefined;
  outsideStrings(json, (part) => {
    // Numbers above 2^53 are refused where they are used.
    first ??= part.match(NUMBERS)?.find((text) => String(Number(text)) !== text && /[.eE]|^-0$/.test(text));
    return part;
  });
  return first;
}

/** `column 9`, or `line 3, column 9` of the file where the row goes over several. */
function positionIn(json: string, at: number, firstLine: number): string {
  const before = json.slice(0, at).split('\n');
  const column = `column ${(before.at(-1)?.length ?? 0) + 1}`;
  return json.includes('\n') ? `line ${firstLine + before.length - 1}, ${column}` : column;
}

/** Objects and lists inside each other that a row may have; conversations with tools have a dozen. */
const MOST_DEPTH = 200;

function isTooDeep(json: string): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < json.length; i += 1) {
    const c = json[i];
    if (inString) {
      if (c === '\\') i += 1;
      else if (c === '"') inString = false;
    } else if (c === '"') inString = true;
    else if (c === '{' || c === '[') {
      depth += 1;
      if (depth > MOST_DEPTH) return true;
    } else if (c === '}' || c === ']') depth -= 1;
  }
  return false;
}

function parseRow(line: number, json: string): RawRow {
  if (isTooDeep(json))
    return { line, reason: `objects and lists more than ${MOST_DEPTH} deep in each other`, fix: 'write it flatter' };
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    const read = parseWithNoNumbers(json);
    if (read === undefined) {
      const fault = jsonFault(json);
      const where = fault === undefined ? '' : ` at ${positionIn(json, fault.at, line)}: ${fault.what}`;
      return { line, reason: `not valid JSON${where}`, fix: CHECK_JSON };
    }
    ({ value } = read);
  }
  const repeated = json.startsWith('{') ? firstRepeatedKey(json) : undefined;
  if (repeated === undefined) {
    const respelled = respelledNumber(json);
    return { line, value, ...(respelled !== undefined && { respelled }) };
  }
  return { line, reason: `the key "${repeated}" stands there twice`, fix: 'keep one of the two' };
}

/**
 * Where the object that begins at `start` ends, one past its last bracket. Undefined where it has no end: a text that is
 * not closed on its line, or a bracket at a position where only a forgotten one before it explains it.
 */
function endOfObject(text: string, start: number): number | undefined {
  const open: string[] = [];
  let inString = false;
  let before = ''; // the last character that is no space
  for (let i = start; i < text.length; i++) {
    const c = text[i] ?? '';
    if (inString) {
      if (c === '\n') return undefined;
      if (c === '\\') i++;
      else if (c === '"') inString = false;
      continue;
    }
    if (
      c === '{' &&
      open.length > 0 &&
      before !== ':' &&
      !(open.at(-1) === '[' && (before === ',' || before === '['))
    ) {
      return undefined;
    }
    if (c === '"') inString = true;
    else if (c === '{' || c === '[') open.push(c);
    else if (c === '}' || c === ']') {
      if (open.pop() !== (c === '}' ? '{' : '[')) return undefined;
      if (open.length === 0) return i + 1;
    }
    if (c.trim() !== '') before = c;
  }
  return undefined;
}

/**
 * JSON Lines: objects one a line, or several on a line, or each over several lines as `json.dump(indent=2)` writes them.
 * Empty lines count as lines, not as rows. What is broken costs its own line.
 * @param text with "\n" line ends
 */
export function readJsonLines(text: string): RawRow[] {
  const rows: RawRow[] = [];
  let line = 1;
  let at = 0;
  while (at < text.length) {
    const c = text[at] ?? '';
    if (c === '\n') line++;
    if (c.trim() === '') {
      at++;
      continue;
    }
    const lineBreak = text.indexOf('\n', at);
    const lineEnd = lineBreak < 0 ? text.length : lineBreak;
    const rest = text.slice(at, lineEnd).trim();
    const row = parseRow(line, rest);
    const end = 'value' in row || c !== '{' ? undefined : endOfObject(text, at);
    if (end === undefined || ('reason' in row && end >= at + rest.length && end <= lineEnd)) {
      rows.push(row);
      at = lineEnd;
      continue;
    }
    const json = text.slice(at, end);
    rows.push(parseRow(line, json));
    line += json.split('\n').length - 1;
    // The commas of an array whose brackets were left out.
    at = text[end] === ',' ? end + 1 : end;
  }
  return rows;
}

/**
 * A JSON array, element by element, so that a broken element is named by its line and the others survive.
 * The text begins with "[" after white space.
 */
export function readJsonArray(text: string): RawRow[] {
  const rows: RawRow[] = [];
  let line = 1;
  let depth = 0;
  let inString = false;
  let start = -1; // of the current element
  let startLine = 1;
  const finish = (end: number): void => {
    const json = start < 0 ? '' : text.slice(start, end).trim();
    if (json !== '') rows.push(parseRow(startLine, json));
    start = -1;
  };
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '\n') {
      line++;
      // A string cannot hold a line break: an unclosed quote costs its own row only.
      inString = false;
    }
    if (inString) {
      if (c === '\\' && text[i + 1] !== '\n') i++;
      else if (c === '"') inString = false;
      continue;
    }
    if (depth === 1 && start < 0 && c !== ',' && c !== ']' && c?.trim() !== '') {
      start = i;
      startLine = line;
    }
    if (c === '"') inString = true;
    else if (c === '[' || c === '{') depth++;
    else if (c === ']' || c === '}') {
      depth--;
      if (depth > 0) continue;
      finish(i);
      const rest = text.slice(i + 1);
      if (rest.trim() !== '') {
        const restLine = line + (/^\s*/.exec(rest)?.[0].split('\n').length ?? 1) - 1;
        rows.push({ line: restLine, reason: 'text after the end of the JSON array', fix: 'remove it' });
      }
      return rows;
    } else if (c === ',' && depth === 1) {
      if (start < 0) rows.push({ line, reason: 'a comma without a row before it', fix: 'remove it' });
      finish(i);
    }
  }
  finish(text.length);
  rows.push({ line, reason: 'the JSON array has no end', fix: 'add the missing "]", or export the file again' });
  return rows;
}
