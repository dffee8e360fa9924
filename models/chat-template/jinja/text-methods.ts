import { Bound } from './arguments.ts';
import { assertLength, joinText, repeatText, spend, spendText } from './budget.ts';
import { fail } from './errors.ts';
import { formatBraces } from './format.ts';
import { characters, isText, iterate, PyTuple, textOf, typeName } from './values.ts';
import type { Args, Value } from './values.ts';

/** What Python's str.strip() and str.split() take for white space. */
const SPACES = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const LEADING = new RegExp(`^[${SPACES}]+`);
const SPACE = new RegExp(`[${SPACES}]`);
const WORDS = new RegExp(`[^${SPACES}]+`, 'g');
const ALL_SPACES = new RegExp(`^[${SPACES}]+$`);
// Where str.splitlines() cuts.
const LINE_END = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/g;

/** Not a regular expression: `[ ]+$` looks at every run of blanks from each of its blanks. */
function stripRight(text: string): string {
  let end = text.length;
  while (end > 0 && SPACE.test(text[end - 1] ?? '')) end -= 1;
  return text.slice(0, end);
}

/** str.strip and its sides; of the characters given, or of white space. */
export function strip(text: string, taken: string | undefined, side: 'both' | 'left' | 'right' = 'both'): string {
  spendText(text.length);
  if (taken === undefined) {
    const left = side === 'right' ? text : text.replace(LEADING, '');
    return side === 'left' ? left : stripRight(left);
  }
  const set = new Set(taken);
  const all = characters(text);
  let start = 0;
  let end = all.length;
  while (side !== 'right' && start < end && set.has(all[start] ?? '')) start += 1;
  while (side !== 'left' && end > start && set.has(all[end - 1] ?? '')) end -= 1;
  return all.slice(start, end).join('');
}

export function splitLines(text: string, keepEnds = false): string[] {
  const lines: string[] = [];
  let from = 0;
  for (const { 0: end, index } of text.matchAll(LINE_END)) {
    lines.push(text.slice(from, keepEnds ? index + end.length : index));
    from = index + end.length;
  }
  if (from < text.length) lines.push(text.slice(from));
  return lines;
}

export function replaceText(text: string, old: string, by: string, count: number): string {
  spend(text.length >> 3);
  assertLength(longestReplaced(text, old, by));
  if (count < 0) return old === '' ? [...characters(text).map((c) => by + c), by].join('') : text.split(old).join(by);
  let left = count;
  if (old === '') {
    const parts = characters(text).map((c) => (left-- > 0 ? by + c : c));
    return parts.join('') + (left > 0 ? by : '');
  }
  let out = '';
  let rest = text;
  for (let at = rest.indexOf(old); at >= 0 && left > 0; at = rest.indexOf(old)) {
    out += rest.slice(0, at) + by;
    rest = rest.slice(at + old.length);
    left -= 1;
  }
  return out + rest;
}

/** Characters of a text in which `by` stands for each `old`, or before each character. */
function longestReplaced(text: string, old: string, by: string): number {
  if (by.length <= old.length) return text.length;
  let times = old === '' ? text.length + 1 : 0;
  if (old !== '') for (let at = text.indexOf(old); at >= 0; at = text.indexOf(old, at + old.length)) times += 1;
  return text.length + times * (by.length - old.length);
}

export function capitalize(text: string): string {
  const [first = '', ...rest] = characters(text);
  return first.toUpperCase() + rest.join('').toLowerCase();
}

function split(text: string, separator: string | undefined, most: number): string[] {
  if (separator === undefined) {
    const parts: string[] = [];
    const start = text.replace(LEADING, '');
    for (const { 0: word, index } of start.matchAll(WORDS)) {
      if (parts.length === most) return [...parts, start.slice(index)];
      parts.push(word);
    }
    return parts;
  }
  if (separator === '') fail('empty separator');
  const parts = text.split(separator);
  return most < 0 || parts.length <= most + 1 ? parts : [...parts.slice(0, most), parts.slice(most).join(separator)];
}

function splitRight(text: string, separator: string | undefined, most: number): string[] {
  if (separator === undefined) {
    const end = stripRight(text);
    const words = [...end.matchAll(WORDS)];
    if (most < 0 || words.length <= most) return words.map(([word]) => word);
    const kept = most === 0 ? [] : words.slice(-most);
    const rest = stripRight(end.slice(0, kept[0]?.index ?? end.length));
    return [...(rest === '' ? [] : [rest]), ...kept.map(([word]) => word)];
  }
  if (separator === '') fail('empty separator');
  const parts = text.split(separator);
  const cut = parts.length - most;
  return most < 0 || cut <= 1 ? parts : [parts.slice(0, cut).join(separator), ...parts.slice(cut)];
}

/** Where a part of a text begins and ends, in characters, as Python's start and end arguments say. */
function window(text: string, bound: Bound): { readonly all: string[]; readonly start: number; readonly end: number } {
  const all = characters(text);
  const place = (given: number): number => Math.min(all.length, Math.max(0, given < 0 ? given + all.length : given));
  return { all, start: place(bound.integer('start', 0)), end: place(bound.integer('end', all.length)) };
}

function find(text: string, bound: Bound, fromRight: boolean): number {
  const { all, start, end } = window(text, bound);
  if (start > end) return -1;
  const part = all.slice(start, end).join('');
  const sought = bound.text('sub', '');
  const at = fromRight ? part.lastIndexOf(sought) : part.indexOf(sought);
  return at < 0 ? -1 : start + characters(part.slice(0, at)).length;
}

function begins(text: string, bound: Bound, test: (part: string, prefix: string) => boolean): boolean {
  const { all, start, end } = window(text, bound);
  const part = all.slice(start, end).join('');
  const given = bound.value('prefix');
  const prefixes = given instanceof PyTuple ? given.items : [given];
  return prefixes.some((prefix) => {
    if (isText(prefix)) return test(part, textOf(prefix));
    return fail(`startswith/endswith first arg must be str or a tuple of str, not ${typeName(prefix)}`);
  });
}

const cased = (text: string): boolean => text.toLowerCase() !== text.toUpperCase();

function fill(text: string, bound: Bound, side: 'left' | 'right' | 'both'): string {
  const missing = bound.integer('width', 0) - characters(text).length;
  const by = bound.text('fill', ' ');
  if (missing <= 0) return text;
  if (side === 'left') return text + repeatText(by, missing);
  if (side === 'right') return repeatText(by, missing) + text;
  // As CPython centres: the odd one goes left when the width is odd.
  const left = Math.floor(missing / 2) + (missing & (missing + characters(text).length) & 1);
  return repeatText(by, left) + text + repeatText(by, missing - left);
}

function width(bound: Bound): number {
  const wanted = bound.integer('width', 0);
  assertLength(wanted);
  return wanted;
}

function titled(text: string): string {
  return text.replace(/\p{L}[\p{L}\p{M}]*/gu, (word) => capitalize(word));
}

type TextMethod = (text: string, bound: Bound) => Value;

const METHODS: Readonly<Record<string, readonly [parameters: readonly string[], method: TextMethod]>> = {
  upper: [[], (text) => text.toUpperCase()],
  lower: [[], (text) => text.toLowerCase()],
  casefold: [[], (text) => text.toLowerCase().replaceAll('ß', 'ss')],
  title: [[], titled],
  capitalize: [[], capitalize],
  swapcase: [
    [],
    (text) =>
      characters(text)
        .map((c) => (c === c.toUpperCase() ? c.toLowerCase() : c.toUpperCase()))
        .join(''),
  ],
  strip: [['chars'], (text, bound) => strip(text, bound.text('chars', undefined))],
  lstrip: [['chars'], (text, bound) => strip(text, bound.text('chars', undefined), 'left')],
  rstrip: [['chars'], (text, bound) => strip(text, bound.text('chars', undefined), 'right')],
  removeprefix: [
    ['prefix'],
    (text, bound) => (text.startsWith(bound.text('prefix', '')) ? text.slice(bound.text('prefix', '').length) : text),
  ],
  removesuffix: [
    ['suffix'],
    (text, bound) => {
      const suffix = bound.text('suffix', '');
      return suffix !== '' && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text;
    },
  ],
  startswith: [
    ['prefix', 'start', 'end'],
    (text, bound) => begins(text, bound, (part, sought) => part.startsWith(sought)),
  ],
  endswith: [['prefix', 'start', 'end'], (text, bound) => begins(text, bound, (part, sought) => part.endsWith(sought))],
  split: [
    ['sep', 'maxsplit'],
    (text, bound) => split(text, bound.text('sep', undefined), bound.integer('maxsplit', -1)),
  ],
  rsplit: [
    ['sep', 'maxsplit'],
    (text, bound) => splitRight(text, bound.text('sep', undefined), bound.integer('maxsplit', -1)),
  ],
  splitlines: [['keepends'], (text, bound) => splitLines(text, bound.flag('keepends'))],
  partition: [
    ['sep'],
    (text, bound) => {
      const separator = bound.text('sep', '') || fail('empty separator');
      const at = text.indexOf(separator);
      return new PyTuple(at < 0 ? [text, '', ''] : [text.slice(0, at), separator, text.slice(at + separator.length)]);
    },
  ],
  rpartition: [
    ['sep'],
    (text, bound) => {
      const separator = bound.text('sep', '') || fail('empty separator');
      const at = text.lastIndexOf(separator);
      return new PyTuple(at < 0 ? ['', '', text] : [text.slice(0, at), separator, text.slice(at + separator.length)]);
    },
  ],
  replace: [
    ['old', 'new', 'count'],
    (text, bound) => {
      bound.value('new');
      return replaceText(text, bound.text('old', ''), bound.text('new', ''), bound.integer('count', -1));
    },
  ],
  find: [['sub', 'start', 'end'], (text, bound) => find(text, bound, false)],
  rfind: [['sub', 'start', 'end'], (text, bound) => find(text, bound, true)],
  index: [
    ['sub', 'start', 'end'],
    (text, bound) => {
      const at = find(text, bound, false);
      return at < 0 ? fail('substring not found') : at;
    },
  ],
  rindex: [
    ['sub', 'start', 'end'],
    (text, bound) => {
      const at = find(text, bound, true);
      return at < 0 ? fail('substring not found') : at;
    },
  ],
  count: [
    ['sub', 'start', 'end'],
    (text, bound) => {
      const { all, start, end } = window(text, bound);
      const part = all.slice(start, end);
      const sought = bound.text('sub', '');
      return sought === '' ? part.length + 1 : part.join('').split(sought).length - 1;
    },
  ],
  join: [
    ['iterable'],
    (text, bound) =>
      joinText(
        iterate(bound.value('iterable')).map((item, i) =>
          isText(item) ? textOf(item) : fail(`sequence item ${i}: expected str instance, ${typeName(item)} found`),
        ),
        text,
      ),
  ],
  isdigit: [[], (text) => /^[\p{Nd}\u00b2\u00b3\u00b9\u2070-\u2079\u2080-\u2089]+$/u.test(text)],
  isdecimal: [[], (text) => /^\p{Nd}+$/u.test(text)],
  isnumeric: [[], (text) => /^\p{N}+$/u.test(text)],
  isalpha: [[], (text) => /^\p{L}+$/u.test(text)],
  isalnum: [[], (text) => /^[\p{L}\p{N}]+$/u.test(text)],
  isspace: [[], (text) => ALL_SPACES.test(text)],
  isupper: [[], (text) => cased(text) && text === text.toUpperCase()],
  islower: [[], (text) => cased(text) && text === text.toLowerCase()],
  istitle: [[], (text) => cased(text) && text === titled(text)],
  isascii: [[], (text) => !/[^\x00-\x7f]/.test(text)],
  isidentifier: [[], (text) => /^[\p{L}_][\p{L}\p{N}\p{M}_]*$/u.test(text)],
  zfill: [
    ['width'],
    (text, bound) => {
      const sign = /^[-+]/.exec(text)?.[0] ?? '';
      return sign + text.slice(sign.length).padStart(width(bound) - sign.length, '0');
    },
  ],
  ljust: [['width', 'fill'], (text, bound) => fill(text, bound, 'left')],
  rjust: [['width', 'fill'], (text, bound) => fill(text, bound, 'right')],
  center: [['width', 'fill'], (text, bound) => fill(text, bound, 'both')],
  expandtabs: [
    ['tabsize'],
    (text, bound) => {
      const size = bound.integer('tabsize', 8);
      let column = 0;
      return characters(text)
        .map((c) => {
          const shown = c === '\t' ? repeatText(' ', size <= 0 ? 0 : size - (column % size)) : c;
          column = c === '\n' || c === '\r' ? 0 : column + characters(shown).length;
          return shown;
        })
        .join('');
    },
  ],
};

const TAKES_NAMES = new Set(['split', 'rsplit', 'splitlines', 'expandtabs']);

/** Methods of Python's str that give what is no text of a template. */
const NOT_HERE = new Set(['encode', 'translate', 'maketrans', 'isprintable', 'format_map']);

/** A method of a text, by its name in Python; undefined for a name that str does not have. */
export function textMethod(text: string, name: string): ((args: Args) => Value) | undefined {
  if (name === 'format') return (args) => formatBraces(text, args);
  if (NOT_HERE.has(name)) return () => fail(`str.${name}() is not computed here`);
  const found = Object.hasOwn(METHODS, name) ? METHODS[name] : undefined;
  if (found === undefined) return undefined;
  const [parameters, method] = found;
  return (args) => {
    if (args.named.size > 0 && !TAKES_NAMES.has(name)) fail(`str.${name}() takes no keyword arguments`);
    return method(text, new Bound(name, parameters, args));
  };
}
