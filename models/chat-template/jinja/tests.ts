import { fail } from './errors.ts';
import { binary, compares, contains } from './operators.ts';
import {
  Callable,
  equals,
  integerOf,
  isText,
  itemsOf,
  lengthOf,
  Markup,
  numberOf,
  PyFloat,
  str,
  typeName,
  Undefined,
} from './values.ts';
import type { Value } from './values.ts';

type Test = (value: Value, ...args: Value[]) => boolean;

const order =
  (operator: string): Test =>
  (value, other = null) =>
    compares(operator, value, other);

const isInteger: Test = (value) => typeof value === 'number';
const remainder = (value: Value, by: Value): boolean => equals(binary('%', value, by), 0);

/** Jinja2's tests. Source: Jinja2 3.1, tests.py. */
const TESTS: Readonly<Record<string, Test>> = {
  boolean: (value) => typeof value === 'boolean',
  callable: (value) => value instanceof Callable || value instanceof Undefined,
  defined: (value) => !(value instanceof Undefined),
  divisibleby: (value, by = null) => remainder(value, by),
  escaped: (value) => value instanceof Markup,
  even: (value) => remainder(value, 2),
  false: (value) => value === false,
  float: (value) => value instanceof PyFloat,
  in: (value, container = null) => contains(container, value),
  integer: isInteger,
  iterable: (value) => (isText(value) || typeof value === 'object' ? isIterable(value) : false),
  lower: (value) => isCase(str(value), 'lower'),
  mapping: (value) => value instanceof Map,
  none: (value) => value === null,
  number: (value) => numberOf(value) !== undefined,
  odd: (value) => equals(binary('%', value, 2), 1),
  sameas: (value, other = null) =>
    value === other || (value instanceof PyFloat && other instanceof PyFloat && value.value === other.value),
  sequence: (value) => lengthOf(value) !== undefined && !typeName(value).startsWith('dict_'),
  string: isText,
  true: (value) => value === true,
  undefined: (value) => value instanceof Undefined,
  upper: (value) => isCase(str(value), 'upper'),
  ...Object.fromEntries(['==', 'eq', 'equalto'].map((name) => [name, order('==')])),
  ...Object.fromEntries(['!=', 'ne'].map((name) => [name, order('!=')])),
  ...Object.fromEntries(['>', 'gt', 'greaterthan'].map((name) => [name, order('>')])),
  ...Object.fromEntries(['<', 'lt', 'lessthan'].map((name) => [name, order('<')])),
  ...Object.fromEntries(['>=', 'ge'].map((name) => [name, order('>=')])),
  ...Object.fromEntries(['<=', 'le'].map((name) => [name, order('<=')])),
};

function isIterable(value: Value): boolean {
  // Not by taking the items of an iterator, which would use it up.
  return value !== null && (typeName(value) === 'generator' || itemsOf(value) !== undefined);
}

function isCase(text: string, which: 'lower' | 'upper'): boolean {
  const hasCase = text.toLowerCase() !== text.toUpperCase();
  return hasCase && text === (which === 'lower' ? text.toLowerCase() : text.toUpperCase());
}

/** @throws TemplateRuntimeError for a test that Jinja2 does not have */
export function runTest(name: string, value: Value, args: readonly Value[]): boolean {
  if (name === 'filter' || name === 'test') return fail(`the test '${name}' is not computed here`);
  const test = Object.hasOwn(TESTS, name) ? TESTS[name] : undefined;
  if (test === undefined) return fail(`No test named '${name}'.`);
  if (test === TESTS['divisibleby'] && args.length === 1) integerOf(args[0] ?? null, 'divisibleby');
  return test(value, ...args);
}
