import { Bound } from './arguments.ts';
import { fail } from './errors.ts';
import { textMethod } from './text-methods.ts';
import {
  Callable,
  characters,
  DictView,
  dictKey,
  equals,
  integerOf,
  isText,
  Markup,
  Namespace,
  PyFloat,
  PyRange,
  PyTuple,
  repr,
  str,
  textOf,
  typeName,
  Undefined,
} from './values.ts';
import type { Args, PyDict, Value } from './values.ts';

/** Methods that change a list or a dictionary, which transformers' sandbox forbids. */
const MUTATING: Readonly<Record<string, ReadonlySet<string>>> = {
  list: new Set(['append', 'clear', 'extend', 'insert', 'pop', 'remove', 'reverse', 'sort']),
  dict: new Set(['clear', 'pop', 'popitem', 'setdefault', 'update']),
};

function indexOf(items: readonly Value[], bound: Bound): number {
  const sought = bound.value('value');
  const from = bound.integer('start', 0);
  const to = bound.integer('stop', items.length);
  const at = items.findIndex((item, i) => i >= from && i < to && equals(item, sought));
  return at < 0 ? fail(`${repr(sought)} is not in list`) : at;
}

function dictMethod(dict: PyDict, name: string): ((args: Args) => Value) | undefined {
  switch (name) {
    case 'get':
      return (args) => {
        if (args.named.size > 0) fail('dict.get() takes no keyword arguments');
        const bound = new Bound('get', ['key', 'default'], args);
        const key = bound.value('key');
        const found = key instanceof Undefined ? undefined : dict.get(dictKey(key));
        return found === undefined ? bound.optional('default', null) : found;
      };
    case 'keys':
    case 'values':
    case 'items':
      return (args) => {
        new Bound(name, [], args);
        return new DictView(name, dict);
      };
    case 'copy':
      return () => new Map(dict);
    default:
      return undefined;
  }
}

/** A method of Python's types, bound to its object; undefined where the type has none of that name. */
function methodOf(object: Value, name: string): Value | undefined {
  const type = typeName(object);
  if (MUTATING[type]?.has(name) === true) {
    return new Callable(name, () => fail(`access to attribute '${name}' of '${type}' object is unsafe`));
  }
  let method: ((args: Args) => Value) | undefined;
  if (typeof object === 'string') method = textMethod(object, name);
  else if (object instanceof Markup) {
    const plain = textMethod(object.text, name);
    method = plain && ((args) => (typeof plain(args) === 'string' ? new Markup(plain(args) as string) : plain(args)));
  } else if (object instanceof Map) method = dictMethod(object, name);
  else if (Array.isArray(object) || object instanceof PyTuple || object instanceof PyRange) {
    const items = Array.isArray(object) ? object : object.items;
    if (name === 'index') method = (args) => indexOf(items, new Bound(name, ['value', 'start', 'stop'], args));
    else if (name === 'count')
      method = (args) => {
        const sought = new Bound(name, ['value'], args).value('value');
        return items.filter((item) => equals(item, sought)).length;
      };
    else if (name === 'copy' && Array.isArray(object)) method = () => [...object];
  } else if (object instanceof PyFloat && name === 'is_integer') method = () => Number.isInteger(object.value);
  return method && new Callable(name, method);
}

function missing(object: Value, name: string): Undefined {
  return new Undefined(`'${typeName(object)} object' has no attribute '${name}'`);
}

/** `object.name`: a method or an attribute, else an item, else undefined. Source: Jinja2's sandbox, `getattr`. */
export function getAttribute(object: Value, name: string): Value {
  if (object instanceof Undefined) return object.fail();
  const method = methodOf(object, name);
  if (method !== undefined) return method;
  if (object instanceof PyTuple && object.names.includes(name)) return object.items[object.names.indexOf(name)] ?? null;
  const fields = object instanceof Namespace || object instanceof Callable ? object.attributes : object;
  const found = fields instanceof Map ? (fields as ReadonlyMap<string, Value>).get(name) : undefined;
  return found === undefined ? missing(object, name) : found;
}

/** `object[key]`: an item, else an attribute of that name, else undefined. Source: Jinja2's sandbox, `getitem`. */
export function getItem(object: Value, key: Value): Value {
  if (object instanceof Undefined) return object.fail();
  if (object instanceof Map) {
    const isKey = key === null || typeof key !== 'object' || key instanceof Markup;
    const found = isKey ? object.get(dictKey(key)) : undefined;
    if (found !== undefined) return found;
  } else if (typeof key === 'number' || typeof key === 'boolean') {
    const items = sequence(object);
    const found = items?.at(Number(key));
    if (found !== undefined) return found;
  }
  if (isText(key)) {
    const name = textOf(key);
    const method = methodOf(object, name);
    if (method !== undefined) return method;
    if (object instanceof Namespace || object instanceof Callable) return getAttribute(object, name);
    return missing(object, name);
  }
  if (key instanceof Undefined) return missing(object, '');
  return new Undefined(`${typeName(object)} object has no element ${repr(key)}`);
}

function sequence(object: Value): readonly Value[] | undefined {
  if (typeof object === 'string') return characters(object);
  if (object instanceof Markup) return characters(object.text).map((text) => new Markup(text));
  if (Array.isArray(object)) return object;
  return object instanceof PyTuple || object instanceof PyRange ? object.items : undefined;
}

/** `object[start:stop:step]`. @throws for what has no slices */
export function getSlice(object: Value, parts: readonly [start: Value, stop: Value, step: Value]): Value {
  if (object instanceof Undefined) return object.fail();
  const items = sequence(object);
  if (items === undefined) return fail(`'${typeName(object)}' object is not subscriptable by a slice`);
  const [start, stop, given] = parts.map((part) => (part === null ? undefined : integerOf(part, 'slice indices')));
  const step = given ?? 1;
  if (step === 0) return fail('slice step cannot be zero');
  const { length } = items;
  const clamp = (place: number | undefined, fallback: number): number => {
    if (place === undefined) return fallback;
    const at = place < 0 ? place + length : place;
    return step > 0 ? Math.min(length, Math.max(0, at)) : Math.min(length - 1, Math.max(-1, at));
  };
  const from = clamp(start, step > 0 ? 0 : length - 1);
  const to = clamp(stop, step > 0 ? length : -1);
  if (object instanceof PyRange) {
    const at = (place: number): number => object.start + place * object.step;
    return new PyRange(at(from), at(to), object.step * step);
  }
  const taken: Value[] = [];
  for (let i = from; step > 0 ? i < to : i > to; i += step) taken.push(items[i] ?? null);
  if (typeof object === 'string') return taken.map(str).join('');
  if (object instanceof Markup) return new Markup(taken.map((each) => (each as Markup).text).join(''));
  return object instanceof PyTuple ? new PyTuple(taken) : taken;
}
