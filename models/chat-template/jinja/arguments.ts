import { fail } from './errors.ts';
import { integerOf, isText, isTruthy, textOf, typeName, Undefined } from './values.ts';
import type { Args, Value } from './values.ts';

/** The arguments of a function by the names of its parameters. @throws as Python does where they do not fit */
export class Bound {
  readonly #name: string;
  readonly #values = new Map<string, Value>();

  constructor(name: string, parameters: readonly string[], { positional, named }: Args) {
    this.#name = name;
    if (positional.length > parameters.length) {
      fail(`${name}() takes at most ${parameters.length} arguments (${positional.length} given)`);
    }
    for (const [i, value] of positional.entries()) this.#values.set(parameters[i] ?? '', value);
    for (const [key, value] of named) {
      if (!parameters.includes(key)) fail(`${name}() got an unexpected keyword argument '${key}'`);
      if (this.#values.has(key)) fail(`${name}() got multiple values for argument '${key}'`);
      this.#values.set(key, value);
    }
  }

  has(parameter: string): boolean {
    return this.#values.has(parameter);
  }

  value(parameter: string): Value {
    const value = this.#values.get(parameter);
    if (value === undefined) return fail(`${this.#name}() missing argument '${parameter}'`);
    return value;
  }

  /** The value, None included, or `fallback` where it is not given. */
  optional<T extends Value | undefined = undefined>(parameter: string, fallback?: T): Value | T {
    const value = this.#values.get(parameter);
    return value === undefined ? (fallback as T) : value;
  }

  /** A text, `fallback` where it is not given or None. */
  text<T extends string | undefined>(parameter: string, fallback: T): string | T {
    const value = this.#values.get(parameter);
    if (value === undefined || (value === null && fallback === undefined)) return fallback;
    if (value instanceof Undefined) value.fail();
    if (isText(value)) return textOf(value);
    return fail(`${this.#name}() argument '${parameter}' must be str, not ${typeName(value)}`);
  }

  integer<T extends number | undefined>(parameter: string, fallback: T): number | T {
    const value = this.#values.get(parameter);
    if (value === undefined || value === null) return fallback;
    return integerOf(value, `${this.#name}()`);
  }

  flag(parameter: string, fallback = false): boolean {
    const value = this.#values.get(parameter);
    return value === undefined ? fallback : isTruthy(value);
  }
}
