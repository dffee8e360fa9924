import { isJsonObject } from '../json.ts';

/** What values a setting takes, however they are given: typed on a command line, read from a file, or passed by code. */
export interface ValueType<T> {
  readonly kind: ValueKind;
  /** What stands for the value in `--help`; absent: the flag alone is the value. */
  readonly placeholder?: string;
  /** The values it takes, as errors say it. */
  readonly wanted: string;
  /** Of a number: what bounds it. */
  readonly bounds?: Bounds;
  /** All of them, where they can be listed. */
  readonly choices?: readonly string[];
  /** @returns undefined for what is not one of its values */
  read(given: unknown): T | undefined;
  /** As a settings file and `run.json` keep it. */
  write(value: T): Written;
}

export type ValueKind = 'number' | 'numbers' | 'choice' | 'on-off' | 'switch' | 'text' | 'names' | 'pairs';

/** A value as a settings file keeps it. */
export type Written = string | number | boolean;

/** `from` and `to` are values it may have, `above` and `below` are not. */
export interface Bounds {
  readonly from?: number;
  readonly to?: number;
  readonly above?: number;
  readonly below?: number;
  readonly isWhole?: boolean;
}

interface Range extends Omit<Bounds, 'isWhole'> {
  /** Added to what errors say is wanted, e.g. `0: off`. */
  readonly note?: string;
}

function isWithin(value: number, { from, to, above, below }: Range): boolean {
  return (
    value >= (from ?? -Infinity) &&
    value <= (to ?? Infinity) &&
    value > (above ?? -Infinity) &&
    value < (below ?? Infinity)
  );
}

function describeRange(noun: string, { from, to, above, below, note }: Range): string {
  const low = above !== undefined ? ` over ${above}` : from !== undefined ? ` from ${from}` : '';
  const comma = above !== undefined && (to ?? below) !== undefined ? ',' : '';
  const high = to !== undefined ? `${comma}${above !== undefined ? ' up' : ''} to ${to}` : '';
  return `${noun}${low}${high}${below !== undefined ? `${comma} to below ${below}` : ''}${note === undefined ? '' : ` (${note})`}`;
}

/** @returns NaN for what is no number */
function toNumber(given: unknown): number {
  if (typeof given === 'number') return given;
  return typeof given === 'string' && given.trim() !== '' ? Number(given) : Number.NaN;
}

const toParts = (given: unknown): string[] | undefined =>
  Array.isArray(given)
    ? given.map(String)
    : typeof given === 'string'
      ? given.split(/[\s,]+/).filter((part) => part !== '')
      : undefined;

export function number(range: Range = {}): ValueType<number> {
  return {
    kind: 'number',
    placeholder: 'x',
    wanted: describeRange('a number', range),
    bounds: range,
    read: (given) => {
      const value = toNumber(given);
      return Number.isFinite(value) && isWithin(value, range) ? value : undefined;
    },
    write: (value) => value,
  };
}

export function integer(range: Range & { readonly placeholder?: string } = {}): ValueType<number> {
  return {
    kind: 'number',
    placeholder: range.placeholder ?? 'n',
    wanted: describeRange('a whole number', range),
    bounds: { ...range, isWhole: true },
    read: (given) => {
      const value = toNumber(given);
      return Number.isInteger(value) && isWithin(value, range) ? value : undefined;
    },
    write: (value) => value,
  };
}

/** Two numbers of one range, e.g. AdamW's betas. */
export function numberPair(range: Range, placeholder: string): ValueType<readonly [number, number]> {
  return {
    kind: 'numbers',
    placeholder,
    wanted: describeRange('two numbers', range),
    read: (given) => {
      const [first = Number.NaN, second = Number.NaN, ...rest] = (toParts(given) ?? []).map(toNumber);
      const isValid =
        rest.length === 0 && [first, second].every((value) => Number.isFinite(value) && isWithin(value, range));
      return isValid ? [first, second] : undefined;
    },
    write: (values) => values.join(','),
  };
}

/** One of a list of names; the list may be what a registry holds. */
export function choice<const T extends string>(choices: readonly T[]): ValueType<T> {
  return {
    kind: 'choice',
    placeholder: choices.join('|'),
    wanted: listed(choices),
    choices,
    read: (given) => choices.find((one) => one === given),
    write: (value) => value,
  };
}

/** `on` or `off` after the flag. */
export function onOff(): ValueType<boolean> {
  return {
    kind: 'on-off',
    placeholder: 'on|off',
    wanted: 'on or off',
    choices: ['on', 'off'],
    read: readBoolean,
    write: (value) => (value ? 'on' : 'off'),
  };
}

/** The flag alone turns it on, or with `--no-` off. */
export function toggle(): ValueType<boolean> {
  return {
    kind: 'switch',
    wanted: 'true or false',
    choices: ['on', 'off'],
    read: readBoolean,
    write: (value) => value,
  };
}

function readBoolean(given: unknown): boolean | undefined {
  if (typeof given === 'boolean') return given;
  if (given === 'on' || given === 'true') return true;
  return given === 'off' || given === 'false' ? false : undefined;
}

export function text(placeholder = 'text'): ValueType<string> {
  return {
    kind: 'text',
    placeholder,
    wanted: 'a text',
    read: (given) =>
      typeof given === 'string'
        ? given
        : typeof given === 'number' || typeof given === 'boolean'
          ? String(given)
          : undefined,
    write: (value) => value,
  };
}

/** Texts with commas between them. */
export function texts(placeholder = 'text'): ValueType<readonly string[]> {
  return {
    kind: 'names',
    placeholder,
    wanted: 'texts that are not empty',
    read: (given) => {
      const parts = Array.isArray(given) ? given.map(String) : typeof given === 'string' ? given.split(',') : undefined;
      return parts?.includes('') === false ? parts : undefined;
    },
    write: (values) => values.join(','),
  };
}

/** Names with commas between them, or one word that stands for all. */
export function names<const T extends string>(all: T, example: string): ValueType<T | readonly string[]> {
  return {
    kind: 'names',
    placeholder: 'names',
    wanted: `${all} or names such as ${example}`,
    read: (given) => {
      const parts = toParts(given);
      if (parts === undefined || parts.length === 0) return undefined;
      return parts.length === 1 && parts[0] === all ? all : parts;
    },
    write: (value) => (typeof value === 'string' ? value : value.join(',')),
  };
}

/** `question=Frage,answer=Antwort`, or a mapping in a file. */
export function pairs(wanted: string): ValueType<Readonly<Record<string, string>>> {
  return {
    kind: 'pairs',
    placeholder: 'names',
    wanted,
    read: (given) => {
      if (isJsonObject(given))
        return Object.fromEntries(Object.entries(given).map(([key, source]) => [key, String(source)]));
      if (typeof given !== 'string') return undefined;
      const entries = given.split(',').map((part) => {
        const [key = '', ...source] = part.split('=');
        return [key.trim(), source.join('=').trim()] as const;
      });
      return entries.every(([key, source]) => key !== '' && source !== '') ? Object.fromEntries(entries) : undefined;
    },
    write: (value) =>
      Object.entries(value)
        .map((pair) => pair.join('='))
        .join(','),
  };
}

/** `q_proj=8,v_proj=4`, or a mapping in a file; a comma inside a name is none between entries unless a number is before it. */
export function numbersByName(range: Range & Pick<Bounds, 'isWhole'>): ValueType<Readonly<Record<string, number>>> {
  const { isWhole = false, ...rest } = range;
  const one = isWhole ? integer(rest) : number(rest);
  return {
    kind: 'pairs',
    placeholder: `name=${isWhole ? 'n' : 'x'},…`,
    wanted: `names, each with ${one.wanted}: q_proj=8,v_proj=4`,
    read: (given) => {
      const entries: [string, unknown][] = [];
      if (isJsonObject(given)) entries.push(...Object.entries(given));
      else if (typeof given === 'string')
        for (const part of given.split(/(?<==\s*[\d.e+-]+\s*),/i)) {
          const at = part.lastIndexOf('=');
          entries.push([part.slice(0, at < 0 ? 0 : at).trim(), part.slice(at + 1)]);
        }
      const values = entries.map(([name, value]) => [name, name === '' ? undefined : one.read(value)] as const);
      const isValid = values.length > 0 && values.every(([, value]) => value !== undefined);
      return isValid ? (Object.fromEntries(values) as Record<string, number>) : undefined;
    },
    write: (value) =>
      Object.entries(value)
        .map((pair) => pair.join('='))
        .join(','),
  };
}

/** Whole numbers from 0 on, with commas between them and ranges such as `8-11`; each once, in ascending order. */
export function integers(): ValueType<readonly number[]> {
  return {
    kind: 'numbers',
    placeholder: 'n,n-n',
    wanted: 'whole numbers and ranges such as 0,8-11',
    read: (given) => {
      const parts = typeof given === 'number' ? [String(given)] : toParts(given);
      const numbers = new Set<number>();
      for (const part of parts ?? []) {
        const [, first, last = first] = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(part) ?? [];
        if (first === undefined || Number(first) > Number(last)) return undefined;
        for (let n = Number(first); n <= Number(last); n++) numbers.add(n);
      }
      return numbers.size === 0 ? undefined : [...numbers].sort((a, b) => a - b);
    },
    write: (values) => values.join(','),
  };
}

/** `a, b or c` */
export function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`;
}
