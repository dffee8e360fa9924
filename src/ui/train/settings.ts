import { computed } from '@preact/signals';
import { PRESETS, sizeRun, type Preset, type RunSize } from '../../data/run-size.ts';
import { toFailure, type Failure } from '../../errors.ts';
import { flagNamed, readSetting, settingOf, writeSettings, type Setting } from '../../settings/settings.ts';
import type { Written } from '../../settings/value-types.ts';
import { readTrainConfig, resolveTrainConfig, type TrainConfig } from '../../train/config.ts';
import { DEFAULT_ACCUMULATE, TRAIN_SETTINGS } from '../../train/settings.ts';
import { t } from '../messages/language.ts';
import { model } from '../state/engine.ts';
import { examples } from '../examples/examples.ts';
import { isTextRecord, persistedSignal } from '../state/persisted.ts';
import { INIT_ADAPTER, isElsewhere, isOmitted, pageSetting, typedText } from './setting-fields.ts';

export const isPreset = (value: unknown): value is Preset => (PRESETS as readonly unknown[]).includes(value);

export const preset = persistedSignal<Preset>('preset', 'balanced', isPreset);
/** What the person typed, as typed, by the terminal's flag. What is not there has its default. */
export const typed = persistedSignal<Readonly<Record<string, string>>>('settings', {}, isTextRecord);

export function setSetting(flag: string, text: string): void {
  const { [flag]: _old, ...rest } = typed.value;
  typed.value = text.trim() === '' ? rest : { ...rest, [flag]: text };
}

export function resetSettings(): void {
  const { system } = typed.value;
  typed.value = system === undefined ? {} : { system };
  preset.value = 'balanced';
}

export const hasOwnSettings = computed(() => Object.keys(typed.value).some((flag) => flag !== 'system'));

/** A number as people type it: with a decimal comma, too. */
const decimal = (text: string): string => text.trim().replace(',', '.');

/** What was typed, as the terminal would have it. */
function plain({ type: { kind } }: Setting, text: string): string {
  if (kind === 'number') return decimal(text);
  if (kind !== 'numbers') return text.trim();
  return text
    .split(/[\s;]+|,\s+|,(?=0)/)
    .map(decimal)
    .join(',');
}

/** What a field should hold instead of what was typed; undefined where that is one of its values. */
export function fieldProblem(flag: string, example: number | undefined): string | undefined {
  const setting = pageSetting(flag);
  const text = typed.value[flag];
  if (setting === undefined || text === undefined || setting.type.read(plain(setting, text)) !== undefined)
    return undefined;
  const { bounds } = setting.type;
  const { wanted, wantedOther } = t().train.form;
  if (bounds === undefined) return wantedOther;
  const fallback = typeof setting.default === 'number' ? setting.default : (bounds.from ?? bounds.above);
  return wanted(example ?? fallback ?? 1, bounds);
}

/** Typed settings as a configuration; those of how the model is opened are checked and left out. */
function configOf(given: Readonly<Record<string, string>>): Partial<TrainConfig> {
  const values: Record<string, string> = {};
  for (const [flag, text] of Object.entries(given)) {
    const [key, setting] = settingOf(TRAIN_SETTINGS, flag) ?? [];
    if (key === undefined || setting === undefined) continue;
    values[flag] = plain(setting, text);
    readSetting(key, setting, values[flag]);
  }
  return readTrainConfig(values);
}

const THOROUGH_PATIENCE = 3;

function sizeOf(config: Partial<TrainConfig>, sequences: number): RunSize {
  const { batchSize = 1, accumulate, steps, epochs, preset: length } = config;
  return sizeRun({
    sequences,
    batchSize,
    accumulate: accumulate ?? DEFAULT_ACCUMULATE,
    isAccumulateGiven: accumulate !== undefined,
    ...(steps !== undefined && { steps }),
    ...(epochs !== undefined && { epochs }),
    ...(length !== undefined && { preset: length }),
  });
}

/** What a preset adds to what was typed; a length that was typed stands. */
function presetConfig(which: Preset, own: Partial<TrainConfig>, hasHeldOut: boolean): Partial<TrainConfig> {
  if (which === 'balanced' || own.steps !== undefined || own.epochs !== undefined) return {};
  const stops = which === 'thorough' && hasHeldOut;
  return { preset: which, ...(stops && { earlyStoppingPatience: THOROUGH_PATIENCE }) };
}

export interface PlannedRun {
  readonly config: Partial<TrainConfig>;
  /** Absent while there are no examples. */
  readonly size?: RunSize;
}

function planned(which: Preset): PlannedRun | { readonly problem: Failure } {
  const set = examples.value.kind === 'ready' ? examples.value.set : undefined;
  const rows = set?.training.trainCount ?? 0;
  try {
    const own = configOf(typed.value);
    resolveTrainConfig(own);
    if (rows === 0) return { config: own };
    const config = { ...presetConfig(which, own, set?.training.heldOut !== undefined), ...own };
    resolveTrainConfig(config);
    return { config, size: sizeOf(config, rows) };
  } catch (thrown) {
    return { problem: toFailure(thrown) };
  }
}

/** The run as it would start now, or the failure saying which setting cannot be used. */
export const settings = computed(() => planned(preset.value));

/** The number of updates of each preset, where it can be told. */
export const presetUpdates = computed((): Readonly<Record<Preset, number | undefined>> => {
  const of = (which: Preset): number | undefined => {
    const plan = planned(which);
    return 'problem' in plan ? undefined : plan.size?.updates;
  };
  return { quick: of('quick'), balanced: of('balanced'), thorough: of('thorough') };
});

/** Settings under the terminal's names: what a settings file holds and the command line says. */
export function settingFlags(): Readonly<Record<string, Written>> {
  const current = settings.value;
  const { preset: length, steps, epochs, earlyStoppingPatience } = 'problem' in current ? {} : current.config;
  const own = Object.entries(typed.value).map(([flag, text]): [string, Written] => {
    const setting = pageSetting(flag);
    if (setting === undefined) return [flag, text.trim()];
    const value = setting.type.read(plain(setting, text));
    return [flag, value === undefined ? text.trim() : setting.type.write(value)];
  });
  return {
    ...writeSettings(TRAIN_SETTINGS, { preset: length, steps, epochs, earlyStoppingPatience }),
    ...Object.fromEntries(own),
  };
}

const quoted = (text: string): string => (/^[\w./:=,@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

/** The `weblora train` line that does what this page would. */
export const terminalLine = computed(() => {
  const set = examples.value.kind === 'ready' ? examples.value.set : undefined;
  const name =
    model.value.kind === 'ready' && model.value.source.kind !== 'embedded' ? model.value.facts.name : 'embedded';
  const parts = ['weblora train', '--model', quoted(name)];
  if (set !== undefined) {
    parts.push('--data', quoted(set.terminal.data));
    if (set.terminal.evalData !== undefined) parts.push('--eval-data', quoted(set.terminal.evalData));
    const { heldOutShare } = set.training;
    if (heldOutShare > 0) parts.push('--eval-split', String(heldOutShare));
    const columns = Object.entries(set.terminal.columns ?? {}).map(([key, source]) => `${key}=${source}`);
    if (columns.length > 0) parts.push('--columns', quoted(columns.join(',')));
  }
  for (const [flag, value] of Object.entries(settingFlags())) {
    if (value === true) parts.push(`--${flag}`);
    else if (value === false) parts.push(`--no-${flag}`);
    else parts.push(`--${flag}`, quoted(String(value)));
  }
  return [...parts, '--out', 'my-run'].join(' ');
});

/** Fetched when a file is read or written: the page begins without a parser. */
const settingsFiles = (): Promise<typeof import('../../settings/settings-file.ts')> =>
  import('../../settings/settings-file.ts');

/** The settings as a file that the page and the terminal's `--config` read. */
export async function settingsFile(format: 'json' | 'yaml'): Promise<string> {
  return (await settingsFiles()).writeSettingsFile(settingFlags(), format);
}

/**
 * Takes over a settings file or a run.json, as the terminal's `--config` does.
 * @returns the names that mean nothing here
 * @throws `config` for a value that its setting does not take
 */
export async function readSettingsFile(file: File): Promise<readonly string[]> {
  const { parseSettingsFile } = await settingsFiles();
  const record = parseSettingsFile(file.name, await file.text());
  const next: Record<string, string> = {};
  const unknown: string[] = [];
  let length: Preset = 'balanced';
  for (const [name, value] of Object.entries(record)) {
    const flag = flagNamed(TRAIN_SETTINGS, name);
    if (flag === 'preset') {
      const read = readSetting(flag, TRAIN_SETTINGS.preset, value ?? length);
      if (isPreset(read)) length = read;
      continue;
    }
    const setting = pageSetting(flag);
    // Where a run began from is a folder of the other computer.
    if (setting === undefined || flag === INIT_ADAPTER) {
      if (!isElsewhere(flag) && flag !== INIT_ADAPTER) unknown.push(name);
    } else if (value !== null && value !== undefined) {
      const [key = flag] = settingOf(TRAIN_SETTINGS, flag) ?? [];
      const text = typedText(setting.type.write(readSetting(key, setting, value)));
      if (!isOmitted(setting, text)) next[flag] = text;
    }
  }
  typed.value = next;
  preset.value = length;
  return unknown;
}
