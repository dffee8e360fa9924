import { spend, spendText } from './budget.ts';
import { fail, TemplateRuntimeError, UndefinedError } from './errors.ts';

/** A float of Python. Whole numbers of a template and of a row's JSON are integers and JavaScript numbers here. */
export class PyFloat {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

export class PyTuple {
  readonly items: readonly Value[];
  /** Names of the items, as the groups of `groupby` have them. */
  readonly names: readonly string[];
  constructor(items: readonly Value[], names: readonly string[] = []) {
    this.items = items;
    this.names = names;
  }
}

export type DictKey = string | number | boolean | null;
export type PyDict = Map<DictKey, Value>;

/** `range(…)`: a sequence that prints as it was called. */
export class PyRange {
  readonly start: number;
  readonly stop: number;
  readonly step: number;
  constructor(start: number, stop: number, step: number) {
    if (step === 0) fail('range() arg 3 must not be zero');
    this.start = start;
    this.stop = stop;
    this.step = step;
  }
  get items(): number[] {
    const count = Math.max(0, Math.ceil((this.stop - this.start) / this.step));
    // The limit of Jinja2's sandbox.
    if (count > 100_000) fail('Range too big. The sandbox blocks ranges larger than MAX_RANGE (100000).');
    spend(count);
    return Array.from({ length: count }, (_, i) => this.start + i * this.step);
  }
}

/** What a dictionary's `keys()`, `values()` and `items()` give. */
export class DictView {
  readonly kind: 'keys' | 'values' | 'items';
  readonly dict: PyDict;
  constructor(kind: 'keys' | 'values' | 'items', dict: PyDict) {
    this.kind = kind;
    this.dict = dict;
  }
  get items(): Value[] {
    if (this.kind === 'keys') return [...this.dict.keys()];
    if (this.kind === 'values') return [...this.dict.values()];
    return Array.from(this.dict, (entry) => new PyTuple(entry));
  }
}

/** A generator or another iterator of Python: it gives its items once and has no length. */
export class PyIterator {
  #items: readonly Value[];
  constructor(items: readonly Value[]) {
    this.#items = items;
  }
  consume(): readonly Value[] {
    const items = this.#items;
    this.#items = [];
    return items;
  }
  /** The first item, and whether there was one; the others stay. */
  next(): { readonly item: Value } | undefined {
    const [item, ...rest] = this.#items;
    if (this.#items.length === 0 || item === undefined) return undefined;
    this.#items = rest;
    return { item };
  }
}

/** What a name, a key or an attribute is that is not there: false, empty and printed as nothing. */
export class Undefined {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
  fail(): never {
    throw new UndefinedError(this.message);
  }
}

/** A text that `safe` took to be HTML already: what is added to it is escaped, as in MarkupSafe. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export class Namespace {
  readonly attributes: Map<string, Value>;
  constructor(attributes: Map<string, Value>) {
    this.attributes = attributes;
  }
}

export interface Args {
  readonly positional: readonly Value[];
  readonly named: ReadonlyMap<string, Value>;
}

/** A function, a method, a macro or an object with attributes that can be called, as `loop`. */
export class Callable {
  readonly name: string;
  readonly call: (args: Args) => Value;
  readonly attributes: ReadonlyMap<string, Value>;
  constructor(name: string, call: (args: Args) => Value, attributes: ReadonlyMap<string, Value> = new Map()) {
    this.name = name;
    this.call = call;
    this.attributes = attributes;
  }
}

export type Value =
  | null
  | boolean
  | number
  | string
  | PyFloat
  | Value[]
  | PyTuple
  | PyDict
  | PyRange
  | DictView
  | PyIterator
  | Undefined
  | Markup
  | Namespace
  | Callable;

/** A value of JSON, or a function, as a template sees it. */
export function toValue(given: unknown): Value {
  if (given === undefined) return new Undefined('not given');
  if (given === null || typeof given === 'string' || typeof given === 'boolean') return given;
  if (typeof given === 'number') return Number.isInteger(given) ? given : new PyFloat(given);
  if (Array.isArray(given)) return given.map(toValue);
  if (given instanceof Callable) return given;
  const entries = Object.entries(given as Readonly<Record<string, unknown>>);
  return new Map(entries.filter(([, value]) => value !== undefined).map(([key, value]) => [key, toValue(value)]));
}

export function typeName(value: Value): string {
  if (value === null) return 'NoneType';
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'number':
      return 'int';
    case 'string':
      return 'str';
    default:
      if (value instanceof PyFloat) return 'float';
      if (Array.isArray(value)) return 'list';
      if (value instanceof Map) return 'dict';
      if (value instanceof PyTuple) return 'tuple';
      if (value instanceof Markup) return 'Markup';
      if (value instanceof Undefined) return 'Undefined';
      if (value instanceof PyRange) return 'range';
      if (value instanceof DictView) return `dict_${value.kind}`;
      return value instanceof PyIterator ? 'generator' : value instanceof Namespace ? 'Namespace' : 'function';
  }
}

export function isTruthy(value: Value): boolean {
  if (value === null || typeof value !== 'object') return Boolean(value);
  if (value instanceof PyFloat) return value.value !== 0;
  if (value instanceof Undefined) return false;
  if (value instanceof Markup) return value.text !== '';
  return lengthOf(value) !== 0;
}

/** How many items or characters; undefined where Python's len() fails. */
export function lengthOf(value: Value): number | undefined {
  if (typeof value === 'string') return characters(value).length;
  if (value instanceof Markup) return characters(value.text).length;
  if (Array.isArray(value)) return value.length;
  if (value instanceof Map) return value.size;
  if (value instanceof PyTuple || value instanceof PyRange || value instanceof DictView) return value.items.length;
  return value instanceof Undefined ? 0 : undefined;
}

/** The characters of a text as Python counts them. */
export function characters(text: string): string[] {
  spendText(text.length);
  return Array.from(text);
}

/** What a `for` goes through; undefined where Python's iter() fails. */
export function itemsOf(value: Value): readonly Value[] | undefined {
  if (typeof value === 'string') return characters(value);
  if (value instanceof Markup) return characters(value.text).map((text) => new Markup(text));
  if (Array.isArray(value)) return value;
  if (value instanceof Map) return [...value.keys()];
  if (value instanceof PyIterator) return value.consume();
  if (value instanceof PyTuple || value instanceof PyRange || value instanceof DictView) return value.items;
  return value instanceof Undefined ? [] : undefined;
}

export function iterate(value: Value): readonly Value[] {
  const items = itemsOf(value);
  spend(items?.length ?? 0);
  return items ?? fail(`'${typeName(value)}' object is not iterable`);
}

/** Whether a value is a text, be it marked safe or not. */
export function isText(value: Value): value is string | Markup {
  return typeof value === 'string' || value instanceof Markup;
}

export function textOf(value: string | Markup): string {
  return typeof value === 'string' ? value : value.text;
}

/** A number as JavaScript's, booleans too; undefined for anything else. */
export function numberOf(value: Value): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  return value instanceof PyFloat ? value.value : undefined;
}

/** A whole number, booleans too. @throws TemplateRuntimeError naming what it is for */
export function integerOf(value: Value, what: string): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (value instanceof Undefined) value.fail();
  return fail(`${what}: '${typeName(value)}' object cannot be interpreted as an integer`);
}

export function makeInteger(value: number): number {
  if (!Number.isSafeInteger(value)) fail('integers above 2^53 are not computed here');
  return value === 0 ? 0 : value; // no -0
}

/** Python's repr of a float: the shortest digits, with an exponent below 1e-4 and from 1e16 on. */
function reprFloat(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const [mantissa = '', exponent = ''] = Math.abs(value).toExponential().split('e');
  const power = Number(exponent);
  const digits = mantissa.replace('.', '');
  const sign = value < 0 ? '-' : '';
  if (power < -4 || power >= 16) {
    const shown = digits.length > 1 ? `${digits.slice(0, 1)}.${digits.slice(1)}` : digits;
    return `${sign}${shown}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
  }
  if (power < 0) return `${sign}0.${'0'.repeat(-power - 1)}${digits}`;
  return `${sign}${digits.slice(0, power + 1).padEnd(power + 1, '0')}.${digits.slice(power + 1) || '0'}`;
}

const ESCAPED: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function reprText(text: string): string {
  spendText(text.length);
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  let out = '';
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (character === quote) out += `\\${quote}`;
    else if (ESCAPED[character] !== undefined) out += ESCAPED[character];
    else if (character === ' ' || !/[\p{C}\p{Z}]/u.test(character)) out += character;
    else if (code < 0x100) out += `\\x${code.toString(16).padStart(2, '0')}`;
    else if (code < 0x10000) out += `\\u${code.toString(16).padStart(4, '0')}`;
    else out += `\\U${code.toString(16).padStart(8, '0')}`;
  }
  return quote + out + quote;
}

/** Python's repr(), which is how values print inside of lists and dictionaries. */
export function repr(value: Value): string {
  spend();
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return reprText(value);
  if (value instanceof PyFloat) return reprFloat(value.value);
  if (value instanceof Markup) return `Markup(${reprText(value.text)})`;
  if (Array.isArray(value)) return `[${value.map(repr).join(', ')}]`;
  if (value instanceof PyTuple)
    return value.items.length === 1 ? `(${value.items.map(repr).join()},)` : `(${value.items.map(repr).join(', ')})`;
  if (value instanceof Map) return `{${Array.from(value, ([k, v]) => `${repr(k)}: ${repr(v)}`).join(', ')}}`;
  if (value instanceof Undefined) return 'Undefined';
  if (value instanceof PyRange)
    return `range(${value.start}, ${value.stop}${value.step === 1 ? '' : `, ${value.step}`})`;
  if (value instanceof DictView) return `dict_${value.kind}([${value.items.map(repr).join(', ')}])`;
  // What Python prints of these has an address in it.
  return fail(`a ${typeName(value)} cannot be printed`);
}

/** Python's str(), which is how values print. */
export function str(value: Value): string {
  if (typeof value === 'string') return value;
  if (value instanceof Markup) return value.text;
  return value instanceof Undefined ? '' : repr(value);
}

export function equals(a: Value, b: Value): boolean {
  spend();
  const [x, y] = [numberOf(a), numberOf(b)];
  if (x !== undefined || y !== undefined) return x === y;
  if (isText(a) || isText(b)) return isText(a) && isText(b) && textOf(a) === textOf(b);
  if (Array.isArray(a)) return Array.isArray(b) && sameItems(a, b);
  if (a instanceof PyTuple) return b instanceof PyTuple && sameItems(a.items, b.items);
  if (a instanceof PyRange) return b instanceof PyRange && sameItems(a.items, b.items);
  if (a instanceof Map) {
    if (!(b instanceof Map) || a.size !== b.size) return false;
    return [...a].every(([key, value]) => b.has(key) && equals(value, b.get(key) ?? null));
  }
  if (a instanceof Undefined) return b instanceof Undefined;
  return a === b;
}

function sameItems(a: readonly Value[], b: readonly Value[]): boolean {
  return a.length === b.length && a.every((item, i) => equals(item, b[i] ?? null));
}

/** Negative, 0 or positive, texts by code point as in Python. @throws where Python does not compare the two */
export function compare(a: Value, b: Value, operator = '<'): number {
  const [x, y] = [numberOf(a), numberOf(b)];
  if (x !== undefined && y !== undefined) return x - y;
  if (isText(a) && isText(b)) {
    const [p, q] = [characters(textOf(a)), characters(textOf(b))];
    for (let i = 0; i < Math.min(p.length, q.length); i++) {
      const difference = (p[i]?.codePointAt(0) ?? 0) - (q[i]?.codePointAt(0) ?? 0);
      if (difference !== 0) return difference;
    }
    return p.length - q.length;
  }
  const lists = Array.isArray(a) && Array.isArray(b) ? ([a, b] as const) : undefined;
  const tuples = a instanceof PyTuple && b instanceof PyTuple ? ([a.items, b.items] as const) : undefined;
  const both = lists ?? tuples;
  if (both !== undefined) {
    const [p, q] = both;
    for (let i = 0; i < Math.min(p.length, q.length); i++) {
      if (!equals(p[i] ?? null, q[i] ?? null)) return compare(p[i] ?? null, q[i] ?? null, operator);
    }
    return p.length - q.length;
  }
  if (a instanceof Undefined) a.fail();
  if (b instanceof Undefined) b.fail();
  throw new TemplateRuntimeError(
    `'${operator}' not supported between instances of '${typeName(a)}' and '${typeName(b)}'`,
  );
}

/** The key of a dictionary. @throws for one that Python does not hash, and for those that are not kept here */
export function dictKey(value: Value): DictKey {
  if (value === null || typeof value !== 'object') return value;
  if (value instanceof Markup) return value.text;
  if (value instanceof PyFloat && Number.isInteger(value.value)) return value.value;
  return fail(`a ${typeName(value)} as a key of a dictionary`);
}
