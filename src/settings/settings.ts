import { WebLoraError } from '../errors.ts';
import { phrase, setting as mention, type Mention } from '../phrase.ts';
import type { ValueType, Written } from './value-types.ts';

/**
 * One setting: what it is and where it applies. Flags, `--help`, settings files, run.json, the page's form, the library's
 * types and docs/terminal.md are derived from it.
 */
export interface Setting<T = unknown> {
  readonly type: ValueType<T>;
  /** Its value where none is given. */
  readonly default?: T;
  /** The same where it follows from other settings. */
  readonly defaultFrom?: (values: Readonly<Record<string, unknown>>) => T;
  /** The default in words, where it is none of its values: `2 × rank`. */
  readonly defaultText?: string;
  /** What it does, for `--help` and the docs. */
  readonly help: string;
  /** The terminal's name where it is not the key in kebab-case. */
  readonly flag?: string;
  /** The commands that take it; by default the table's own. */
  readonly terminal?: Scope;
  /** `false`: the terminal's way of saying something that is no field of the configuration. */
  readonly config?: false;
  /** What run.json keeps of one that is no field of the configuration: the value, or a path made absolute. */
  readonly recorded?: 'value' | 'path';
  /** With an adapter to begin from, its value is the adapter's. */
  readonly fromInitAdapter?: true;
  readonly page?: OnPage | ElsewhereOnPage;
}

/** `common`: every command; `model`: those that open one; `shape`: `train` and `plan`. */
export type Scope = 'common' | 'model' | 'shape';

/** A setting in the page's form. What the form says of it is in `src/ui/messages`. */
export interface OnPage {
  readonly group: SettingGroupName;
  /** Numbers to choose from instead of typing one. */
  readonly offers?: readonly number[];
  /** Values that make no sense on the page. */
  readonly omits?: readonly string[];
  /** An earlier run is chosen. */
  readonly isRun?: true;
}

/** Groups of the page's form. */
export type SettingGroupName =
  'length' | 'adapter' | 'examples' | 'objective' | 'model' | 'checks' | 'optimizer' | 'card';

/** A setting that the page has elsewhere than in its form. */
export interface ElsewhereOnPage {
  /** Where, for readers of the table. */
  readonly elsewhere: string;
  /** It is persisted with the settings of the form. */
  readonly isTyped?: true;
  /** Numbers to choose from instead of typing one. */
  readonly offers?: readonly number[];
  /** How far a slider goes, from the least value that the setting takes. */
  readonly slider?: { readonly to: number; readonly step: number };
}

export type Settings = Readonly<Record<string, Setting>>;

type ValueOf<S> = S extends { readonly type: ValueType<infer T> } ? T : never;
type Defaulted = { readonly default: unknown } | { readonly defaultFrom: unknown };

/** The values of a table's settings with every default filled in. */
export type ConfigOf<S> = {
  readonly [
    K in keyof S as S[K] extends { readonly config: false } ? never : S[K] extends Defaulted ? K : never
  ]: ValueOf<S[K]>;
} & {
  readonly [K in keyof S as S[K] extends { readonly config: false } | Defaulted ? never : K]?: ValueOf<S[K]>;
};

/** Checks a table's entries without widening their types. */
export function defineSettings<const S extends Settings>(table: S): S {
  return table;
}

/** `seqLen` -> `seq-len` */
export function flagOf(key: string, { flag }: Pick<Setting, 'flag'> = {}): string {
  return flag ?? key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** A name as the terminal spells it, however it was written: `seqLen`, `seq_len` -> `seq-len`. */
export function flagNamed(table: Settings, name: string): string {
  return flagOf(name.replaceAll('_', '-'), table[name]);
}

/** The setting of a flag. */
export function settingOf(table: Settings, flag: string): [key: string, setting: Setting] | undefined {
  return Object.entries(table).find(([key, setting]) => flagOf(key, setting) === flag);
}

/** The entries that are fields of the configuration. */
export function configEntries(table: Settings): [key: string, setting: Setting][] {
  return Object.entries(table).filter(([, { config }]) => config !== false);
}

/** One given value. @throws `config` naming the setting, what it got and what it takes */
export function readSetting(key: string, { type }: Setting, given: unknown): unknown {
  const value = type.read(given);
  if (value !== undefined) return value;
  throw new WebLoraError('config', mention(key), {
    got: shown(given),
    wanted: type.wanted,
    fix: phrase`set ${mention(key)} to ${type.wanted}`,
  });
}

/** A value as errors say it: texts in quotes, but for numbers as they were typed. */
function shown(given: unknown): string {
  if (typeof given === 'number') return String(given);
  if (typeof given !== 'string') return JSON.stringify(given);
  return given.trim() === '' || Number.isNaN(Number(given)) ? `'${given}'` : given;
}

/** The given values of a table, each checked; what is not given stays absent, so that defaults apply once. */
export function readSettings<S extends Settings>(
  table: S,
  given: (key: string, one: Setting) => unknown,
): Partial<ConfigOf<S>> {
  const values: Record<string, unknown> = {};
  for (const [key, one] of configEntries(table)) {
    const value = given(key, one);
    if (value !== undefined && value !== null) values[key] = readSetting(key, one, value);
  }
  return values as Partial<ConfigOf<S>>;
}

/**
 * Fills in the defaults and checks every value.
 * @throws `config` for a value that a setting does not take, or a key that is no setting
 */
export function resolveSettings<S extends Settings>(table: S, given: Readonly<Record<string, unknown>>): ConfigOf<S> {
  const entries = configEntries(table);
  const unknown = Object.keys(given).find((key) => !entries.some(([known]) => known === key));
  if (unknown !== undefined) {
    throw new WebLoraError('config', unknown, {
      got: 'a setting that does not exist',
      wanted: entries.map(([key]) => key).join(', '),
      fix: 'correct or remove it',
    });
  }
  const values: Record<string, unknown> = readSettings(table, (key) => given[key]);
  for (const [key, one] of entries) if (one.default !== undefined) values[key] ??= one.default;
  for (const [key, { defaultFrom }] of entries) if (defaultFrom !== undefined) values[key] ??= defaultFrom(values);
  return values as ConfigOf<S>;
}

/** Values under the names of the terminal's flags, as run.json and settings files keep them. */
export function writeSettings(table: Settings, values: Readonly<Record<string, unknown>>): Record<string, Written> {
  const written: Record<string, Written> = {};
  for (const [key, one] of configEntries(table)) {
    const value = values[key];
    if (value !== undefined) written[flagOf(key, one)] = one.type.write(value);
  }
  return written;
}

/** A default as `--help` and the docs show it; undefined where the help says it all. */
export function defaultShown({ type, default: fallback, defaultText }: Setting): string | undefined {
  if (defaultText !== undefined) return defaultText;
  if (fallback === undefined || type.kind === 'switch') return undefined;
  return String(type.write(fallback));
}

/** A setting as the terminal names it. */
export function nameAsFlag(table: Settings): (mention: Mention) => string {
  return ({ setting: key, value }) => {
    const one = table[key];
    const isOff = one?.type.kind === 'switch' && one.default === true;
    return `--${isOff ? 'no-' : ''}${flagOf(key, one)}${value === undefined ? '' : ` ${value}`}`;
  };
}
