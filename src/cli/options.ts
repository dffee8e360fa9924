import { defaultShown, flagOf, type Scope, type Setting, type Settings } from '../settings/settings.ts';
import { REMEDIES } from '../data/check/mend.ts';
import { GENERATE_SETTINGS } from '../generate/settings.ts';
import { PROFILE_NAMES } from '../gpu/known-profiles.ts';
import { TRAIN_SETTINGS } from '../train/settings.ts';

/** A flag as commander takes it, and what --help says of it. */
export type Option = readonly [flags: string, description: string];

/** `seq-len` of `--seq-len <n>`, `shuffle` of `--no-shuffle`. */
export const flagNameOf = ([flags]: Option): string => flags.split(' ')[0]?.replace(/^--(no-)?/, '') ?? '';

/** A setting as a flag. */
export function optionOf(key: string, setting: Setting): Option {
  const { type, help } = setting;
  const shown = defaultShown(setting);
  const off = type.kind === 'switch' && setting.default === true ? 'no-' : '';
  const value = type.placeholder === undefined ? '' : ` <${type.placeholder}>`;
  return [`--${off}${flagOf(key, setting)}${value}`, shown === undefined ? help : `${help} (default: ${shown})`];
}

const table: Settings = TRAIN_SETTINGS;
const inScope = (scope: Scope | undefined): readonly Option[] =>
  Object.entries(table)
    .filter(([, { terminal }]) => terminal === scope)
    .map(([key, setting]) => optionOf(key, setting));

export const COMMON = inScope('common');
export const MODEL = inScope('model');
export const SHAPE = inScope('shape');
/** In the table's order, so that what belongs together stands together. */
export const TRAIN: readonly Option[] = Object.entries(table)
  .filter(([, { terminal }]) => terminal === undefined || terminal === 'shape')
  .map(([key, setting]) => optionOf(key, setting));
export const OFFLINE = optionOf('offline', TRAIN_SETTINGS.offline);
export const COLUMNS = optionOf('columns', TRAIN_SETTINGS.columns);
/** Of `data show`: what of a run's settings decides which tokens a row becomes. */
export const DATA_SHOW: readonly Option[] = [
  ...(
    ['model', 'offline', 'context', 'columns', 'seqLen', 'lossOn', 'system', 'skipBadRows', 'objective'] as const
  ).map((key) => optionOf(key, TRAIN_SETTINGS[key])),
  ['--rows <n>', 'rows to show (default: all); notes and problems are of the whole file'],
];
/** Of `data canaries`. */
export const DATA_CANARIES: readonly Option[] = [COLUMNS, ['--out <file>', 'where to write the rows, as JSONL']];
/** Of `data check`. */
export const DATA_CHECK: readonly Option[] = [
  ...(
    [
      'model',
      'offline',
      'context',
      'columns',
      'evalData',
      'evalSplit',
      'seqLen',
      'lossOn',
      'system',
      'objective',
    ] as const
  ).map((key) => optionOf(key, TRAIN_SETTINGS[key])),
  ['--out <file>', 'write the rows without what was found, as JSONL; contradictions stay'],
  ['--remedy <how>', `of --out, for personal data and secrets: ${REMEDIES.join(', ')} (default redact)`],
];
export const ADAPTER: Option = ['--adapter <path>', 'a LoRA adapter: a PEFT or MLX folder, a zip of one, or a .gguf'];
export const INSPECT_MODEL: Option = ['--model <model>', 'of a GGUF adapter: the model it belongs to'];
export const ANSWER: readonly Option[] = [
  ['--system <text>', 'system prompt (default: the adapter’s)'],
  ...Object.entries<Setting>(GENERATE_SETTINGS)
    .filter(([, { terminal }]) => terminal === undefined)
    .map(([key, setting]) => optionOf(key, setting)),
];
export const GENERATE: readonly Option[] = [
  ['--prompt <text>', 'the question'],
  ['--messages <file>', 'a conversation: JSON list of {role, content}, read as rows of data are'],
  ['--raw', 'no chat template: continue the prompt as it is'],
  ...ANSWER,
];

/** Of `weblora serve`: what a request does not say is as these flags do. */
export const SERVE: readonly Option[] = [
  ['--adapter <name=path...>', 'an adapter under a name that requests give as their model; can be given several times'],
  ['--host <address>', 'address to listen on; another than of this computer lets others in (default 127.0.0.1)'],
  ['--port <n>', 'port to listen on; 0: any that is free (default 8080)'],
  ...ANSWER.map((option): Option =>
    flagNameOf(option) === 'max-new-tokens'
      ? ['--max-new-tokens <n>', 'tokens to write at most (default: to the end of the context)']
      : option,
  ),
];

/** Of `weblora upload`. */
export const UPLOAD: readonly Option[] = [
  ['--repo <owner/name>', 'the repository, which is made; HF_TOKEN has the access token, HF_ENDPOINT another hub'],
  ['--public', 'let everyone see it (default: private)'],
  ['--update', 'add a commit to a repository that is there; who may see it stays'],
  ['--message <text>', 'of the commit'],
  ['--dry-run', 'say what would go where, and ask no server'],
];

/** Of `weblora plan`. */
export const PLAN: readonly Option[] = [
  ['--profile <name>', `${PROFILE_NAMES.join(', ')}: plan for such a device instead of this one`],
  ['--launches <file>', 'write each dispatch of a micro-step as JSONL: its size, work and bytes'],
  ['--decode <n>', 'with --launches: of one token after n others, by the base alone'],
];

/** Of the list of models people use. */
export const CHOOSE: readonly Option[] = [
  ['--languages <codes>', 'of the list of models: languages they should speak, e.g. de,en'],
  ['--for <purpose>', 'of the list of models: training or chat (default training)'],
  ['--probe', 'of the list of models: try the device’s memory again'],
];
