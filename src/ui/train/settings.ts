import { computed } from '@preact/signals';
import { sizeRun, type RunSize } from '../../data/run-size.ts';
import { toFailure, WebLoraError } from '../../errors.ts';
import { DEFAULT_ACCUMULATE, resolveTrainConfig, type TrainConfig } from '../../train/config.ts';
import { model } from '../state/engine.ts';
import { examples } from '../examples/examples.ts';
import { isTextRecord, remembered } from '../state/kept.ts';
import { ELSEWHERE, inPageWords, INIT_ADAPTER, isSettingFlag, MODEL_FLAGS } from './setting-fields.ts';

export type Preset = 'quick' | 'balanced' | 'thorough';

const PRESETS: readonly unknown[] = ['quick', 'balanced', 'thorough'] satisfies Preset[];
export const isPreset = (value: unknown): value is Preset => PRESETS.includes(value);

export const preset = remembered<Preset>('preset', 'balanced', isPreset);
/** What the person typed, as typed, by the terminal's flag. What is not there has its default. */
export const typed = remembered<Readonly<Record<string, string>>>('settings', {}, isTextRecord);

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

const amount = (text: string): number => Number(text.trim().replace(',', '.'));

/** Typed settings as a configuration; the names differ by their spelling only, save for a few. */
function configOf(given: Readonly<Record<string, string>>): Partial<TrainConfig> {
  const { context } = given;
  if (context !== undefined && !(Number.isInteger(amount(context)) && amount(context) > 0))
    throw new WebLoraError('config', '--context', { got: context, wanted: 'a whole number of tokens' });
  const config: Record<string, unknown> = {};
  for (const [flag, text] of Object.entries(given)) {
    if (MODEL_FLAGS.includes(flag) || flag === INIT_ADAPTER) continue;
    const key = flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
    switch (flag) {
      case 'system':
        config['system'] = text.trim();
        break;
      case 'method':
      case 'optimizer':
      case 'optimizer-state':
      case 'schedule':
      case 'loss-on':
        config[key] = text;
        break;
      case 'packing':
      case 'tune':
      case 'shuffle':
        config[key] = text === 'on';
        break;
      case 'targets':
        config[key] = text.trim() === 'all-linear' ? 'all-linear' : text.split(/[\s,]+/).filter(Boolean);
        break;
      case 'adam-betas':
        config['adamBetas'] = text.split(/[\s;]+|,\s+|,(?=0)/).map(amount);
        break;
      case 'memory-limit':
        config['memoryLimitBytes'] = amount(text);
        break;
      default:
        config[key] = amount(text);
    }
  }
  // The adapter's strength stays the same at every rank.
  if (config['rank'] !== undefined && config['alpha'] === undefined) config['alpha'] = 2 * Number(config['rank']);
  return config;
}

const QUICK_STEPS = 40;
const THOROUGH_PATIENCE = 3;

function sizeOf(config: Partial<TrainConfig>, sequences: number): RunSize {
  const { batchSize = 1, accumulate, steps, epochs } = config;
  return sizeRun({
    sequences,
    batchSize,
    accumulate: accumulate ?? DEFAULT_ACCUMULATE,
    isAccumulateGiven: accumulate !== undefined,
    ...(steps !== undefined && { steps }),
    ...(epochs !== undefined && { epochs }),
  });
}

/** What a preset adds to what was typed; a length that was typed stands. */
function presetConfig(
  which: Preset,
  own: Partial<TrainConfig>,
  rows: number,
  hasHeldOut: boolean,
): Partial<TrainConfig> {
  if (which === 'balanced' || own.steps !== undefined || own.epochs !== undefined) return {};
  const { updates, epochs = 3 } = sizeOf(own, rows);
  if (which === 'quick') return { steps: Math.min(QUICK_STEPS, updates) };
  return { epochs: 2 * epochs, ...(hasHeldOut && { earlyStoppingPatience: THOROUGH_PATIENCE }) };
}

export interface PlannedRun {
  readonly config: Partial<TrainConfig>;
  /** Absent while there are no examples. */
  readonly size?: RunSize;
}

function planned(which: Preset): PlannedRun | { readonly problem: string } {
  const set = examples.value.kind === 'ready' ? examples.value.set : undefined;
  const rows = set?.training.trainCount ?? 0;
  try {
    const own = configOf(typed.value);
    resolveTrainConfig(own);
    if (rows === 0) return { config: own };
    const config = { ...presetConfig(which, own, rows, set?.training.heldOut !== undefined), ...own };
    resolveTrainConfig(config);
    return { config, size: sizeOf(config, rows) };
  } catch (thrown) {
    return { problem: inPageWords(toFailure(thrown).message) };
  }
}

/** The run as it would start now, or the sentence saying which setting cannot be used. */
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
export function settingFlags(): Readonly<Record<string, string | number>> {
  const current = settings.value;
  const { steps, epochs, earlyStoppingPatience } = 'problem' in current ? {} : current.config;
  const given = {
    ...(steps !== undefined && { steps }),
    ...(epochs !== undefined && { epochs }),
    ...(earlyStoppingPatience !== undefined && { 'early-stopping-patience': earlyStoppingPatience }),
  };
  const own = Object.entries(typed.value).map(([flag, text]) => {
    const number = amount(text);
    const isNumber = Number.isFinite(number) && !['system', 'targets', 'adam-betas', INIT_ADAPTER].includes(flag);
    return [flag, isNumber ? number : text.trim()] as const;
  });
  const rank = typed.value['rank'];
  const alpha = rank !== undefined && typed.value['alpha'] === undefined ? { alpha: 2 * Number(rank) } : {};
  return { ...given, ...Object.fromEntries(own), ...alpha };
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
    if (flag === 'shuffle') {
      if (value === 'off') parts.push('--no-shuffle');
    } else parts.push(`--${flag}`, quoted(String(value)));
  }
  return [...parts, '--out', 'my-run'].join(' ');
});

/** Fetched when a file is read or written: the page begins without a parser. */
const settingsFiles = (): Promise<typeof import('../../train/settings-file.ts')> =>
  import('../../train/settings-file.ts');

/** The settings as a file that the page and the terminal's `--config` read. */
export async function settingsFile(format: 'json' | 'yaml'): Promise<string> {
  return (await settingsFiles()).writeSettingsFile(settingFlags(), format);
}

/** Takes over a settings file or a run.json, as the terminal's `--config` does. @returns the names that mean nothing here */
export async function readSettingsFile(file: File): Promise<readonly string[]> {
  const { flagName, parseSettingsFile } = await settingsFiles();
  const record = parseSettingsFile(file.name, await file.text());
  const next: Record<string, string> = {};
  const unknown: string[] = [];
  for (const [name, value] of Object.entries(record)) {
    const flag = flagName(name);
    // Where a run began from is a folder of the other computer.
    if (!isSettingFlag(flag) || flag === INIT_ADAPTER) {
      if (ELSEWHERE[flag] === undefined && flag !== INIT_ADAPTER) unknown.push(name);
    } else if (flag === 'shuffle') next[flag] = value === false || value === 'off' ? 'off' : 'on';
    else if (['string', 'number', 'boolean'].includes(typeof value)) next[flag] = String(value);
    else if (Array.isArray(value)) next[flag] = value.join(',');
  }
  typed.value = next;
  preset.value = 'balanced';
  return unknown;
}
