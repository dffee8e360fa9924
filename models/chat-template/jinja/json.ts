import { fail } from './errors.ts';
import { compare, Markup, PyFloat, PyTuple, repr, typeName } from './values.ts';
import type { DictKey, Value } from './values.ts';

export interface JsonOptions {
  readonly ensureAscii: boolean;
  /** What a level is indented by; undefined for one line. */
  readonly indent: string | undefined;
  readonly separators: readonly [item: string, key: string];
  readonly sortKeys: boolean;
}

function jsonText(text: string, ensureAscii: boolean): string {
  const quoted = JSON.stringify(text);
  if (!ensureAscii) return quoted;
  return quoted.replace(/[\x7f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function jsonKey(key: DictKey): string {
  if (typeof key === 'string') return key;
  return key === null ? 'null' : String(key);
}

/** Python's json.dumps, which is the `tojson` that transformers gives to templates. */
export function toJson(value: Value, options: JsonOptions, depth = 0): string {
  if (value === null) return 'null';
  if (typeof value === 'boolean' || typeof value === 'number') return String(value);
  if (typeof value === 'string') return jsonText(value, options.ensureAscii);
  if (value instanceof Markup) return jsonText(value.text, options.ensureAscii);
  if (value instanceof PyFloat) {
    if (Number.isNaN(value.value)) return 'NaN';
    return Number.isFinite(value.value) ? repr(value) : value.value > 0 ? 'Infinity' : '-Infinity';
  }
  const [itemSeparator, keySeparator] = options.separators;
  const wrap = (open: string, parts: readonly string[], close: string): string => {
    if (parts.length === 0 || options.indent === undefined) return open + parts.join(itemSeparator) + close;
    const inner = `\n${options.indent.repeat(depth + 1)}`;
    return `${open}${inner}${parts.join(itemSeparator + inner)}\n${options.indent.repeat(depth)}${close}`;
  };
  if (Array.isArray(value) || value instanceof PyTuple) {
    const items = Array.isArray(value) ? value : value.items;
    return wrap(
      '[',
      items.map((item) => toJson(item, options, depth + 1)),
      ']',
    );
  }
  if (value instanceof Map) {
    const entries = [...value];
    if (options.sortKeys) entries.sort(([a], [b]) => compare(a, b));
    const parts = entries.map(
      ([key, item]) => jsonText(jsonKey(key), options.ensureAscii) + keySeparator + toJson(item, options, depth + 1),
    );
    return wrap('{', parts, '}');
  }
  return fail(`Object of type ${typeName(value)} is not JSON serializable`);
}
