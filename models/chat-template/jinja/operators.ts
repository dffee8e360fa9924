import { assertLength, repeatText, spend, spendText } from './budget.ts';
import { fail } from './errors.ts';
import { formatPercent } from './format.ts';
import {
  compare,
  equals,
  isText,
  iterate,
  makeInteger,
  Markup,
  numberOf,
  PyFloat,
  PyTuple,
  str,
  textOf,
  typeName,
  Undefined,
} from './values.ts';
import type { Value } from './values.ts';

/** MarkupSafe's escape(): what is marked safe stays as it is. */
export function escapeHtml(value: Value): Markup {
  if (value instanceof Markup) return value;
  const signs: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    "'": '&#39;',
    '"': '&#34;',
  };
  return new Markup(str(value).replace(/[&<>'"]/g, (sign) => signs[sign] ?? sign));
}

/** Two operands with an operator of arithmetic between, as Python computes it. */
export function binary(operator: string, left: Value, right: Value): Value {
  if (left instanceof Undefined) left.fail();
  if (operator === '%' && isText(left)) {
    const text = formatPercent(textOf(left), right);
    return left instanceof Markup ? new Markup(text) : text;
  }
  if (right instanceof Undefined) right.fail();
  const [a, b] = [numberOf(left), numberOf(right)];
  if (a !== undefined && b !== undefined) {
    return arithmetic(operator, a, b, left instanceof PyFloat || right instanceof PyFloat);
  }
  if (operator === '+') {
    if (isText(left) && isText(right)) {
      assertLength(textOf(left).length + textOf(right).length);
      if (typeof left === 'string' && typeof right === 'string') return left + right;
      return new Markup(escapeHtml(left).text + escapeHtml(right).text);
    }
    if (Array.isArray(left) && Array.isArray(right)) {
      spend(left.length + right.length);
      return [...left, ...right];
    }
    if (left instanceof PyTuple && right instanceof PyTuple) return new PyTuple([...left.items, ...right.items]);
  }
  if (operator === '*') {
    const repeated = repeat(left, right) ?? repeat(right, left);
    if (repeated !== undefined) return repeated;
  }
  return fail(`unsupported operand type(s) for ${operator}: '${typeName(left)}' and '${typeName(right)}'`);
}

function repeat(sequence: Value, count: Value): Value | undefined {
  if (typeof count !== 'number' && typeof count !== 'boolean') return undefined;
  const times = Math.max(0, Number(count));
  if (isText(sequence)) {
    const text = repeatText(textOf(sequence), times);
    return sequence instanceof Markup ? new Markup(text) : text;
  }
  if (Array.isArray(sequence) || sequence instanceof PyTuple)
    spend(times * (Array.isArray(sequence) ? sequence : sequence.items).length);
  const many = <T>(items: readonly T[]): T[] => Array.from({ length: times }, () => items).flat();
  if (Array.isArray(sequence)) return many(sequence.map((item) => [item])).flat();
  return sequence instanceof PyTuple ? new PyTuple(many(sequence.items.map((item) => [item])).flat()) : undefined;
}

function arithmetic(operator: string, a: number, b: number, isFloat: boolean): Value {
  const made = (value: number): Value => (isFloat ? new PyFloat(value) : makeInteger(value));
  if (b === 0 && (operator === '/' || operator === '//' || operator === '%'))
    fail(operator === '%' ? 'integer modulo by zero' : 'division by zero');
  switch (operator) {
    case '+':
      return made(a + b);
    case '-':
      return made(a - b);
    case '*':
      return made(a * b);
    case '/':
      return new PyFloat(a / b);
    case '//':
      return made(Math.floor(a / b));
    case '%': {
      // The sign of the divisor, as in Python.
      const rest = a % b;
      return made(rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest);
    }
    default: {
      if (a === 0 && b < 0) fail('0.0 cannot be raised to a negative power');
      const power = a ** b;
      if (Number.isNaN(power)) fail('complex numbers are not computed here');
      return isFloat || b < 0 ? new PyFloat(power) : makeInteger(power);
    }
  }
}

export function unary(operator: '-' | '+', operand: Value): Value {
  if (operand instanceof Undefined) operand.fail();
  const value = numberOf(operand);
  if (value === undefined) return fail(`bad operand type for unary ${operator}: '${typeName(operand)}'`);
  const signed = operator === '-' ? -value : value;
  return operand instanceof PyFloat ? new PyFloat(signed) : makeInteger(signed);
}

/** `left operator right` of a comparison or a membership. */
export function compares(operator: string, left: Value, right: Value): boolean {
  switch (operator) {
    case '==':
      return equals(left, right);
    case '!=':
      return !equals(left, right);
    case 'in':
      return contains(right, left);
    case 'not in':
      return !contains(right, left);
    default: {
      const order = compare(left, right, operator);
      if (operator === '<') return order < 0;
      if (operator === '<=') return order <= 0;
      return operator === '>' ? order > 0 : order >= 0;
    }
  }
}

export function contains(container: Value, item: Value): boolean {
  if (isText(container)) {
    if (isText(item)) {
      spendText(textOf(container).length);
      return textOf(container).includes(textOf(item));
    }
    return fail(`'in <string>' requires string as left operand, not ${typeName(item)}`);
  }
  if (container instanceof Map) {
    const key = isText(item) ? textOf(item) : item;
    return (key === null || typeof key !== 'object') && container.has(key);
  }
  if (container === null || numberOf(container) !== undefined)
    return fail(`argument of type '${typeName(container)}' is not iterable`);
  return iterate(container).some((each) => equals(each, item));
}
