import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { WebLoraError } from '../errors.ts';
import { BASE_FORMATS, type BaseFormat } from '../formats/quantize.ts';
import { parseKernelChoice, type KernelChoice } from '../gpu/device-profile.ts';
import { GENERATE_SETTINGS, type GenerateConfig } from '../generate/settings.ts';
import { readNamedFile } from './files.ts';
import { parseSettingsFile } from '../settings/settings-file.ts';
import { flagNamed, flagOf, readSettings } from '../settings/settings.ts';
import type { ValueType } from '../settings/value-types.ts';
import type { TrainConfig } from '../train/config.ts';
import { TRAIN_SETTINGS } from '../train/settings.ts';

/** Values of a command by flag name (`seq-len`), from the command line and from --config. */
export class Flags {
  readonly #values: ReadonlyMap<string, unknown>;

  constructor(values: ReadonlyMap<string, unknown>) {
    this.#values = values;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** These flags with others in place of their own. */
  with(values: Readonly<Record<string, unknown>>): Flags {
    return new Flags(new Map([...this.#values, ...Object.entries(values)]));
  }

  names(): string[] {
    return [...this.#values.keys()];
  }

  raw(name: string): unknown {
    return this.#values.get(name);
  }

  text(name: string): string | undefined {
    const value = this.#values.get(name);
    if (value === undefined) return undefined;
    if (typeof value === 'string') return value;
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
    throw usage(name, value, 'a text');
  }

  required(name: string, wanted: string): string {
    const value = this.text(name);
    if (value === undefined)
      throw new WebLoraError('usage', `--${name}`, { got: 'nothing', wanted, fix: `add --${name}` });
    return value;
  }

  number(name: string): number | undefined {
    const value = this.#values.get(name);
    if (value === undefined) return undefined;
    const number =
      typeof value === 'number' ? value : typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
    if (!Number.isFinite(number)) throw usage(name, value, 'a number');
    return number;
  }

  flag(name: string): boolean {
    const value = this.#values.get(name);
    if (value === undefined) return false;
    if (typeof value === 'boolean') return value;
    throw usage(name, value, 'no value, or true or false in a config file');
  }

  /** As a type of the settings reads it. */
  value<T>(name: string, type: ValueType<T>): T | undefined {
    const given = this.#values.get(name);
    if (given === undefined) return undefined;
    const value = type.read(given);
    if (value === undefined) throw usage(name, given, type.wanted);
    return value;
  }

  oneOf<T extends string>(name: string, allowed: readonly T[]): T | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const found = allowed.find((option) => option === value);
    if (found === undefined) throw usage(name, value, allowed.join(' or '));
    return found;
  }

  list(name: string): readonly string[] | undefined {
    const value = this.#values.get(name);
    if (Array.isArray(value)) return value.map(String);
    return this.text(name)
      ?.split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '');
  }
}

function usage(name: string, value: unknown, wanted: string): WebLoraError {
  return new WebLoraError('usage', `--${name}`, {
    got: typeof value === 'string' ? `'${value}'` : JSON.stringify(value),
    wanted,
    fix: `correct --${name}`,
  });
}

/** Flags of the command line over those of a config file; a run.json counts as one through its `settings`. */
export function mergeFlags(options: Readonly<Record<string, unknown>>, known: ReadonlySet<string>): Flags {
  const values = new Map<string, unknown>();
  const config = options['config'];
  if (typeof config === 'string') {
    for (const [name, value] of Object.entries(readConfig(config))) {
      if (value === null || value === undefined) continue;
      const flag = flagNamed(TRAIN_SETTINGS, name);
      if (!known.has(flag))
        throw new WebLoraError('usage', `--config ${config}: '${name}'`, {
          got: 'a setting this command does not have',
          wanted: [...known].sort().join(', '),
          fix: 'correct or remove it',
        });
      values.set(flag, value);
    }
  }
  for (const [key, value] of Object.entries(options))
    if (value !== undefined) values.set(flagNamed(TRAIN_SETTINGS, key), value);
  return new Flags(values);
}

function readConfig(path: string): Record<string, unknown> {
  const what = `--config ${path}`;
  let text: string;
  try {
    text = readNamedFile(what, path, 'a JSON or YAML file of flags').toString('utf8');
  } catch (thrown) {
    // The command line is not known as a whole: wrong usage, whatever kept the file from being read.
    throw thrown instanceof WebLoraError ? new WebLoraError('usage', thrown.phrase, { cause: thrown }) : thrown;
  }
  return parseSettingsFile(what, text);
}

/**
 * The path of a file to write, checked before the work whose result it takes.
 * @throws WebLoraError `usage` where a folder is there
 */
export function outputFile(flags: Flags, name: string, wanted = 'a file to write'): string | undefined {
  const path = flags.text(name);
  if (path === undefined) return undefined;
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  if (!isFolder && path.trim() !== '') return resolve(path);
  throw new WebLoraError('usage', `--${name} ${path}`.trim(), {
    got: isFolder ? 'a folder' : 'an empty name',
    wanted,
    fix: isFolder ? 'name a file in it' : `correct --${name}`,
  });
}

/** Flags of training as the configuration's fields; absent ones stay absent, so that defaults apply once. */
export function trainConfigOf(flags: Flags): Partial<TrainConfig> {
  return readSettings(TRAIN_SETTINGS, (key, setting) => flags.raw(flagOf(key, setting)));
}

/** Flags of answering as a request's fields; absent ones stay absent. */
export function answerSettingsOf(flags: Flags): Partial<GenerateConfig> {
  return readSettings(GENERATE_SETTINGS, (key, setting) => flags.raw(flagOf(key, setting)));
}

/** `--columns question=Frage,answer=Antwort`, or a mapping in a config file. */
export function columnsOf(flags: Flags): Readonly<Record<string, string>> | undefined {
  return flags.value('columns', TRAIN_SETTINGS.columns.type);
}

/** What `--device` asks to compute on. */
export function deviceOf(flags: Flags): 'auto' | 'webgpu' | 'cpu' {
  return flags.value('device', TRAIN_SETTINGS.device.type) ?? 'auto';
}

/** @param what of a GPU alone, in messages: `bench times a GPU` @throws WebLoraError `usage` for `--device cpu` */
export function refuseCpu(flags: Flags, what: string): void {
  if (deviceOf(flags) !== 'cpu') return;
  throw new WebLoraError('usage', '--device', {
    got: 'cpu',
    wanted: `auto or webgpu: ${what}`,
    fix: 'leave --device out',
  });
}

/** Which kernels `--kernels` asks for; empty where it is not given. */
export function kernelsOf(flags: Flags): { readonly kernels?: KernelChoice } {
  const text = flags.text('kernels');
  return text === undefined ? {} : { kernels: parseKernelChoice('--kernels', text) };
}

/**
 * What `--base` says, else what an adapter's run.json does; without either the model decides, as it does where the
 * adapter's base was a GGUF file: this one need not be.
 */
export function baseOf(flags: Flags, fallback?: string): BaseFormat | undefined {
  return flags.oneOf('base', BASE_FORMATS) ?? BASE_FORMATS.find((format) => format === fallback && format !== 'gguf');
}
