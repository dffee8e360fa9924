import { repeatText } from './budget.ts';
import { fail } from './errors.ts';
import { integerOf, numberOf, PyFloat, PyTuple, repr, str } from './values.ts';
import type { Args, Value } from './values.ts';

/** A text padded to a width; a sign stays before the zeros. */
function pad(text: string, width: number, fill: string, align: string): string {
  const missing = Math.max(0, width - Array.from(text).length);
  if (align === '<') return text + repeatText(fill, missing);
  if (align === '^') return repeatText(fill, Math.floor(missing / 2)) + text + repeatText(fill, Math.ceil(missing / 2));
  if (align !== '=') return repeatText(fill, missing) + text;
  const sign = /^[-+ ]/.exec(text)?.[0] ?? '';
  return sign + repeatText(fill, missing) + text.slice(sign.length);
}

function fixed(value: number, digits: number): string {
  if (digits > 100) fail('more than 100 digits behind the point are not written here');
  // toFixed rounds the exact binary value as C does, but for halves that are exact in binary.
  const scaled = Math.abs(value) * 10 ** digits;
  if (scaled < 2 ** 52 && scaled % 1 === 0.5 && Math.floor(scaled) % 2 === 0) {
    return ((Math.sign(value) * Math.floor(scaled)) / 10 ** digits).toFixed(digits);
  }
  return value.toFixed(digits);
}

/** Python's `text % values`. @throws for what is not formatted here, by name */
export function formatPercent(text: string, values: Value): string {
  const list = values instanceof PyTuple ? values.items : [values];
  let used = 0;
  const out = text.replace(
    /%(?:\(([^)]*)\))?([-+ 0#]*)(\d*)(?:\.(\d+))?([\s\S])/g,
    (whole, key: string | undefined, flags: string, width: string, precision: string | undefined, kind: string) => {
      if (kind === '%') return '%';
      let value: Value;
      if (key !== undefined) {
        if (!(values instanceof Map)) return fail('format requires a mapping');
        value = values.get(key) ?? (values.has(key) ? null : fail(`KeyError: '${key}'`));
      } else {
        if (used >= list.length) fail('not enough arguments for format string');
        value = list[used++] ?? null;
      }
      const number = (): number => numberOf(value) ?? fail(`%${kind} format: a real number is required`);
      const signed = (shown: string): string =>
        shown.startsWith('-') ? shown : flags.includes('+') ? `+${shown}` : flags.includes(' ') ? ` ${shown}` : shown;
      let shown: string;
      if (kind === 's' || kind === 'r') {
        shown = kind === 's' ? str(value) : repr(value);
        if (precision !== undefined) shown = Array.from(shown).slice(0, Number(precision)).join('');
      } else if (kind === 'd' || kind === 'i') shown = signed(String(Math.trunc(number())));
      else if (kind === 'f' || kind === 'F') shown = signed(fixed(number(), Number(precision ?? 6)));
      else if (kind === 'x' || kind === 'X') {
        const hex = integerOf(value, '%x format').toString(16);
        shown = kind === 'x' ? hex : hex.toUpperCase();
      } else return fail(`the format ${whole} is not read here`);
      const isZero = flags.includes('0') && kind !== 's' && kind !== 'r';
      return pad(shown, Number(width), isZero ? '0' : ' ', flags.includes('-') ? '<' : isZero ? '=' : '>');
    },
  );
  if (used < list.length && !(values instanceof Map)) fail('not all arguments converted during string formatting');
  return out;
}

/** Python's `text.format(…)`, with names, places and the simple format specifications. */
export function formatBraces(text: string, { positional, named }: Args): string {
  let next = 0;
  return text.replace(
    /\{\{|\}\}|\{([^{}!:]*)(?:!([rs]))?(?::([^{}]*))?\}|[{}]/g,
    (whole, field?: string, conversion?: string, spec?: string) => {
      if (whole === '{{' || whole === '}}') return whole.slice(0, 1);
      if (field === undefined) return fail("a single '{' or '}' in a format string");
      if (!/^\w*$/.test(field)) return fail(`the field {${field}} of a format string is not read here`);
      const key = field === '' ? next++ : /^\d+$/.test(field) ? Number(field) : field;
      const value = typeof key === 'number' ? positional[key] : named.get(key);
      if (value === undefined) return fail(`format: no value for {${field}}`);
      const shown = conversion === 'r' ? repr(value) : conversion === 's' ? str(value) : value;
      return formatSpec(shown, spec ?? '');
    },
  );
}

function formatSpec(value: Value, spec: string): string {
  if (spec === '') return str(value);
  const parts = /^(?:(.)?([<>=^]))?([-+ ])?(0)?(\d*)(,)?(?:\.(\d+))?([dfsx%]?)$/su.exec(spec);
  if (parts === null) return fail(`the format specification ${JSON.stringify(spec)} is not read here`);
  const [, fill, align, sign, zero, width, comma, precision, kind = ''] = parts;
  const number = numberOf(value);
  let shown: string;
  if (number === undefined || kind === 's') {
    shown = str(value);
    if (precision !== undefined) shown = Array.from(shown).slice(0, Number(precision)).join('');
  } else if (kind === 'f' || kind === '%') {
    shown = fixed(kind === '%' ? number * 100 : number, Number(precision ?? 6)) + (kind === '%' ? '%' : '');
  } else if (precision !== undefined) return fail(`the format specification ${JSON.stringify(spec)} is not read here`);
  else if (kind === 'x') shown = integerOf(value, 'format').toString(16);
  else if (kind === 'd' && value instanceof PyFloat) return fail("Unknown format code 'd' for object of type 'float'");
  else shown = kind === 'd' ? String(number) : str(value);
  if (comma !== undefined) shown = shown.replace(/^-?\d+/, (whole) => whole.replace(/\B(?=(?:\d{3})+$)/g, ','));
  if ((sign === '+' || sign === ' ') && number !== undefined && !shown.startsWith('-')) shown = sign + shown;
  const isZero = zero !== undefined;
  return pad(
    shown,
    Number(width),
    fill ?? (isZero ? '0' : ' '),
    align ?? (isZero ? '=' : number === undefined ? '<' : '>'),
  );
}
