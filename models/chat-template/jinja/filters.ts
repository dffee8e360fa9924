import { Bound } from './arguments.ts';
import { getAttribute, getItem } from './attributes.ts';
import { joinText, repeatText, spend } from './budget.ts';
import { fail } from './errors.ts';
import { formatPercent } from './format.ts';
import { toJson } from './json.ts';
import { binary, escapeHtml } from './operators.ts';
import { runTest } from './tests.ts';
import { capitalize, replaceText, splitLines, strip } from './text-methods.ts';
import {
  characters,
  compare,
  DictView,
  equals,
  integerOf,
  isText,
  isTruthy,
  iterate,
  lengthOf,
  Markup,
  numberOf,
  PyFloat,
  PyIterator,
  PyTuple,
  str,
  textOf,
  typeName,
  Undefined,
} from './values.ts';
import type { Args, Value } from './values.ts';

type Filter = (value: Value, bound: Bound) => Value;

/** The value that an `attribute` argument leads to: a path of names and places, or a place. */
function attributeGetter(attribute: Value | undefined, fallback?: Value): (item: Value) => Value {
  if (attribute === undefined || attribute === null) return (item) => item;
  const parts = isText(attribute)
    ? textOf(attribute)
        .split('.')
        .map((part) => (/^\d+$/.test(part) ? Number(part) : part))
    : [integerOf(attribute, 'attribute')];
  return (item) => {
    let value = item;
    for (const part of parts) {
      value = getItem(value, part);
      if (value instanceof Undefined && fallback !== undefined) value = fallback;
    }
    return value;
  };
}

/** Texts without their case, unless it counts. */
function foldCase(bound: Bound): (value: Value) => Value {
  if (bound.flag('case_sensitive')) return (value) => value;
  return (value) => (isText(value) ? textOf(value).toLowerCase() : value);
}

function sorted(items: readonly Value[], keyOf: (item: Value) => Value, isReversed: boolean): Value[] {
  const keyed = items.map((item) => ({ item, key: keyOf(item) }));
  // Stable both ways round, as Python's sort is.
  keyed.sort((a, b) => (isReversed ? compare(b.key, a.key) : compare(a.key, b.key)));
  return keyed.map(({ item }) => item);
}

function sortFilter(value: Value, bound: Bound): Value {
  const given = bound.optional('attribute');
  const fold = foldCase(bound);
  const getters =
    given !== undefined && isText(given)
      ? textOf(given)
          .split(',')
          .map((part) => attributeGetter(part))
      : [attributeGetter(given)];
  const keyOf = (item: Value): Value => {
    const keys = getters.map((get) => fold(get(item)));
    return keys.length === 1 ? (keys[0] ?? null) : keys;
  };
  return sorted(iterate(value), keyOf, bound.flag('reverse'));
}

function extreme(direction: 1 | -1): Filter {
  return (value, bound) => {
    const get = attributeGetter(bound.optional('attribute'));
    const fold = foldCase(bound);
    const [first, ...rest] = iterate(value);
    if (first === undefined) return new Undefined('No aggregated item, sequence was empty.');
    return rest.reduce(
      (best, item) => (direction * compare(fold(get(item)), fold(get(best))) > 0 ? item : best),
      first,
    );
  };
}

function unique(value: Value, bound: Bound): Value {
  const get = attributeGetter(bound.optional('attribute'));
  const fold = foldCase(bound);
  const seen: Value[] = [];
  const kept = iterate(value).filter((item) => {
    const key = fold(get(item));
    if (seen.some((each) => equals(each, key))) return false;
    seen.push(key);
    return true;
  });
  return new PyIterator(kept);
}

function groupBy(value: Value, bound: Bound): Value {
  const get = attributeGetter(bound.value('attribute'), bound.optional('default'));
  const fold = foldCase(bound);
  const groups: { key: Value; shown: Value; items: Value[] }[] = [];
  for (const item of sorted(iterate(value), (each) => fold(get(each)), false)) {
    const key = fold(get(item));
    const last = groups.at(-1);
    if (last !== undefined && equals(last.key, key)) last.items.push(item);
    else groups.push({ key, shown: get(item), items: [item] });
  }
  return groups.map(({ shown, items }) => new PyTuple([shown, items], ['grouper', 'list']));
}

function dictSort(value: Value, bound: Bound): Value {
  if (!(value instanceof Map)) return fail(`dictsort of a ${typeName(value)}`);
  const by = bound.text('by', 'key');
  if (by !== 'key' && by !== 'value') return fail('You can only sort by either "key" or "value"');
  const fold = foldCase(bound);
  const pairs = Array.from(value, (entry) => new PyTuple(entry));
  return sorted(pairs, (pair) => fold((pair as PyTuple).items[by === 'key' ? 0 : 1] ?? null), bound.flag('reverse'));
}

function indent(value: Value, bound: Bound): Value {
  const width = bound.optional('width', 4);
  const by = isText(width) ? textOf(width) : repeatText(' ', integerOf(width, 'indent'));
  const [first = '', ...rest] = splitLines(`${str(value)}\n`);
  const isBlank = bound.flag('blank');
  const lines = rest.map((line) => (isBlank || line !== '' ? by + line : line));
  return (bound.flag('first') ? by : '') + [first, ...lines].join('\n');
}

/** int() of a value, undefined where Python's fails. */
function toInteger(value: Value, base: number): number | undefined {
  if (isText(value)) {
    const text = strip(textOf(value), undefined).replace(/(?<=\d)_(?=\d)/g, '');
    const digits = '0123456789abcdefghijklmnopqrstuvwxyz'.slice(0, base);
    const body = text.replace(
      base === 16 ? /^([-+]?)0x/i : base === 2 ? /^([-+]?)0b/i : base === 8 ? /^([-+]?)0o/i : /^$/,
      '$1',
    );
    if (new RegExp(`^[-+]?[${digits}]+$`, 'i').test(body)) return parseInt(body, base);
    const float = toFloat(value);
    return float === undefined || !Number.isFinite(float) ? undefined : Math.trunc(float);
  }
  const number = numberOf(value);
  return number === undefined || !Number.isFinite(number) ? undefined : Math.trunc(number);
}

/** float() of a value, undefined where Python's fails. */
function toFloat(value: Value): number | undefined {
  if (!isText(value)) return numberOf(value);
  const text = strip(textOf(value), undefined)
    .toLowerCase()
    .replace(/(?<=\d)_(?=\d)/g, '');
  if (/^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/.test(text)) return Number(text);
  const sign = text.startsWith('-') ? -1 : 1;
  if (/^[-+]?(?:inf|infinity)$/.test(text)) return sign * Infinity;
  return /^[-+]?nan$/.test(text) ? NaN : undefined;
}

function round(value: Value, bound: Bound): Value {
  const number = numberOf(value);
  if (number === undefined) return fail(`round of a ${typeName(value)}`);
  const precision = bound.integer('precision', 0);
  const method = bound.text('method', 'common');
  const scale = 10 ** precision;
  if (method === 'ceil') return new PyFloat(Math.ceil(number * scale) / scale);
  if (method === 'floor') return new PyFloat(Math.floor(number * scale) / scale);
  if (method !== 'common') return fail('method must be common, ceil or floor');
  // Python's round() of a whole number stays one; halves go to the even neighbour.
  if (!(value instanceof PyFloat) && precision >= 0) return number;
  const scaled = number * scale;
  const near = Math.round(scaled);
  const even = Math.abs(scaled % 1) === 0.5 ? 2 * Math.round(scaled / 2) : near;
  const exact = precision > 0 ? Number(number.toFixed(Math.min(100, precision))) : even / scale;
  return value instanceof PyFloat ? new PyFloat(exact) : Math.trunc(exact);
}

function jsonFilter(value: Value, bound: Bound): Value {
  const indentBy = bound.optional('indent');
  const isIndented = indentBy !== undefined && indentBy !== null;
  const given = bound.optional('separators');
  const separators = given === undefined || given === null ? undefined : iterate(given).map(str);
  return toJson(value, {
    ensureAscii: bound.flag('ensure_ascii'),
    indent: !isIndented
      ? undefined
      : isText(indentBy)
        ? textOf(indentBy)
        : repeatText(' ', Math.min(1000, integerOf(indentBy, 'indent'))),
    separators: [separators?.[0] ?? (isIndented ? ',' : ', '), separators?.[1] ?? ': '],
    sortKeys: bound.flag('sort_keys'),
  });
}

function truncate(value: Value, bound: Bound): Value {
  const length = bound.integer('length', 255);
  const end = bound.text('end', '...');
  const text = characters(str(value));
  if (text.length <= length + bound.integer('leeway', 5)) return text.join('');
  const cut = text.slice(0, length - characters(end).length).join('');
  if (bound.flag('killwords')) return cut + end;
  const at = cut.lastIndexOf(' ');
  return (at < 0 ? cut : cut.slice(0, at)) + end;
}

function batches(value: Value, bound: Bound): Value {
  const size = bound.integer('linecount', 0);
  const filler = bound.optional('fill_with', null);
  const items = iterate(value);
  const rows: Value[][] = [];
  for (let i = 0; i < items.length; i += Math.max(1, size)) rows.push(items.slice(i, i + size));
  const last = rows.at(-1);
  if (filler !== null) while (last !== undefined && last.length < size) last.push(filler);
  return new PyIterator(rows);
}

function slices(value: Value, bound: Bound): Value {
  const count = bound.integer('slices', 1);
  const filler = bound.optional('fill_with', null);
  const items = iterate(value);
  const [short, longer] = [Math.floor(items.length / count), items.length % count];
  let from = 0;
  spend(Math.max(0, count));
  const parts = Array.from({ length: count }, (_, i) => {
    const part = items.slice(from, (from += short + (i < longer ? 1 : 0)));
    return filler !== null && i >= longer && longer > 0 ? [...part, filler] : [...part];
  });
  return new PyIterator(parts);
}

const TITLE_BREAKS = /([-\s({[<]+)/;

const FILTERS: Readonly<Record<string, readonly [parameters: readonly string[], filter: Filter]>> = {
  abs: [
    [],
    (value) => {
      const number = numberOf(value) ?? fail(`bad operand type for abs(): '${typeName(value)}'`);
      return value instanceof PyFloat ? new PyFloat(Math.abs(number)) : Math.abs(number);
    },
  ],
  attr: [
    ['name'],
    (value, bound) => (value instanceof Map ? new Undefined('') : getAttribute(value, bound.text('name', ''))),
  ],
  batch: [['linecount', 'fill_with'], batches],
  capitalize: [[], (value) => capitalize(str(value))],
  center: [
    ['width'],
    (value, bound) => {
      const missing = Math.max(0, bound.integer('width', 80) - characters(str(value)).length);
      const width = missing + characters(str(value)).length;
      const left = Math.floor(missing / 2) + (missing & width & 1);
      return repeatText(' ', left) + str(value) + repeatText(' ', missing - left);
    },
  ],
  default: [
    ['default_value', 'boolean'],
    (value, bound) =>
      value instanceof Undefined || (bound.flag('boolean') && !isTruthy(value))
        ? bound.optional('default_value', '')
        : value,
  ],
  dictsort: [['case_sensitive', 'by', 'reverse'], dictSort],
  escape: [[], escapeHtml],
  first: [
    [],
    (value) => {
      if (value instanceof PyIterator) return value.next()?.item ?? new Undefined('No first item, sequence was empty.');
      return (
        iterate(value)[0] ?? (iterate(value).length > 0 ? null : new Undefined('No first item, sequence was empty.'))
      );
    },
  ],
  float: [
    ['default'],
    (value, bound) => {
      if (value instanceof Undefined) value.fail();
      const number = toFloat(value);
      return number === undefined ? bound.optional('default', new PyFloat(0)) : new PyFloat(number);
    },
  ],
  groupby: [['attribute', 'default', 'case_sensitive'], groupBy],
  indent: [['width', 'first', 'blank'], indent],
  int: [
    ['default', 'base'],
    (value, bound) => {
      if (value instanceof Undefined) value.fail();
      return toInteger(value, bound.integer('base', 10)) ?? bound.optional('default', 0);
    },
  ],
  items: [
    [],
    (value) => {
      if (value instanceof Undefined) return new PyIterator([]);
      if (value instanceof Map) return new PyIterator(new DictView('items', value).items);
      return fail('Can only get item pairs from a mapping.');
    },
  ],
  join: [
    ['d', 'attribute'],
    (value, bound) =>
      joinText(
        iterate(value)
          .map(attributeGetter(bound.optional('attribute')))
          .map(str),
        str(bound.optional('d', '')),
      ),
  ],
  last: [
    [],
    (value) => {
      if (value instanceof PyIterator) return fail("'generator' object is not reversible");
      const items = iterate(value);
      return items.length === 0 ? new Undefined('No last item, sequence was empty.') : (items.at(-1) ?? null);
    },
  ],
  length: [[], (value) => lengthOf(value) ?? fail(`object of type '${typeName(value)}' has no len()`)],
  list: [[], (value) => [...iterate(value)]],
  lower: [[], (value) => str(value).toLowerCase()],
  max: [['case_sensitive', 'attribute'], extreme(1)],
  min: [['case_sensitive', 'attribute'], extreme(-1)],
  replace: [
    ['old', 'new', 'count'],
    (value, bound) =>
      replaceText(str(value), str(bound.value('old')), str(bound.value('new')), bound.integer('count', -1)),
  ],
  reverse: [
    [],
    (value) =>
      isText(value) ? characters(textOf(value)).reverse().join('') : new PyIterator([...iterate(value)].reverse()),
  ],
  round: [['precision', 'method'], round],
  safe: [[], (value) => new Markup(str(value))],
  slice: [['slices', 'fill_with'], slices],
  sort: [['reverse', 'case_sensitive', 'attribute'], sortFilter],
  string: [[], (value) => (value instanceof Markup ? value : str(value))],
  sum: [
    ['attribute', 'start'],
    (value, bound) =>
      iterate(value)
        .map(attributeGetter(bound.optional('attribute')))
        .reduce(
          (sum, item) => {
            if (isText(sum)) return fail("sum() can't sum strings [use ''.join(seq) instead]");
            return binary('+', sum, item);
          },
          bound.optional('start', 0),
        ),
  ],
  title: [
    [],
    (value) =>
      str(value)
        .split(TITLE_BREAKS)
        .map((part) => capitalize(part))
        .join(''),
  ],
  tojson: [['ensure_ascii', 'indent', 'separators', 'sort_keys'], jsonFilter],
  trim: [['chars'], (value, bound) => strip(str(value), bound.text('chars', undefined))],
  truncate: [['length', 'killwords', 'end', 'leeway'], truncate],
  unique: [['case_sensitive', 'attribute'], unique],
  upper: [[], (value) => str(value).toUpperCase()],
  urlencode: [
    [],
    (value) =>
      isText(value)
        ? encodeURIComponent(textOf(value)).replace(/[!'()*]|%2F/g, (sign) =>
            sign === '%2F' ? '/' : `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
          )
        : fail(`urlencode of a ${typeName(value)}`),
  ],
  wordcount: [[], (value) => str(value).match(/[\p{L}\p{N}_]+/gu)?.length ?? 0],
};

const OTHER_NAMES: Readonly<Record<string, string>> = { count: 'length', d: 'default', e: 'escape' };
const NOT_HERE = new Set('filesizeformat forceescape pprint random striptags urlize wordwrap xmlattr'.split(' '));

/** `map`, `select` and their like: what they do to an item is named by their arguments. */
function overItems(name: string, value: Value, args: Args): Value {
  // As in Jinja2, nothing is asked of what is empty, None included.
  if (!isTruthy(value)) return new PyIterator([]);
  const [first, ...rest] = args.positional;
  if (name === 'map') {
    const attribute = args.named.get('attribute');
    if (first === undefined && attribute !== undefined) {
      const get = attributeGetter(attribute, args.named.get('default'));
      return new PyIterator(iterate(value).map(get));
    }
    if (first === undefined) return fail('map requires a filter argument');
    return new PyIterator(iterate(value).map((item) => applyFilter(str(first), item, { ...args, positional: rest })));
  }
  const hasAttribute = name.endsWith('attr');
  if (hasAttribute && first === undefined) return fail('Missing parameter for attribute name');
  const get = attributeGetter(hasAttribute ? first : undefined);
  const [test, ...others] = hasAttribute ? rest : args.positional;
  const isWanted = name.startsWith('select');
  const passes = (item: Value): boolean =>
    test === undefined ? isTruthy(get(item)) : runTest(str(test), get(item), others);
  return new PyIterator(iterate(value).filter((item) => passes(item) === isWanted));
}

/** A filter by its name in Jinja2 3.1. @throws TemplateRuntimeError for one that does not exist or is not computed here */
export function applyFilter(name: string, value: Value, args: Args): Value {
  if (['map', 'select', 'reject', 'selectattr', 'rejectattr'].includes(name)) return overItems(name, value, args);
  if (name === 'format') {
    if (args.named.size > 0 && args.positional.length > 0)
      return fail("can't handle positional and keyword arguments at the same time");
    return formatPercent(str(value), args.named.size > 0 ? new Map(args.named) : new PyTuple(args.positional));
  }
  const known = OTHER_NAMES[name] ?? name;
  const found = Object.hasOwn(FILTERS, known) ? FILTERS[known] : undefined;
  if (found === undefined)
    return fail(NOT_HERE.has(name) ? `the filter '${name}' is not computed here` : `No filter named '${name}'.`);
  const [parameters, filter] = found;
  return filter(value, new Bound(name, parameters, args));
}
