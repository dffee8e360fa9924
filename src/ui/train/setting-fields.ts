/** One setting of a run: the terminal's flag, and how the page says it. */
export interface SettingField {
  /** The terminal's name for it, without the dashes. */
  readonly flag: string;
  readonly label: string;
  /** What it does, in one or two plain sentences. */
  readonly hint: string;
  /** `run`: one of the earlier runs. */
  readonly kind: 'number' | 'text' | 'choice' | 'run';
  /** What stands for "not set". */
  readonly placeholder?: string;
  /** For a choice: value and what it is called; the first is the default. */
  readonly options?: readonly (readonly [value: string, name: string])[];
}

export interface SettingGroup {
  readonly title: string;
  readonly fields: readonly SettingField[];
}

/** Settings that a run records and that are no field. */
const RECORDED_LABELS: Readonly<Record<string, string>> = {
  data: 'Examples',
  model: 'Model',
  system: 'System prompt',
  columns: 'Columns',
  'eval-split': 'Share kept back',
  'skip-bad-rows': 'Bad rows left out',
};

/** An earlier run to go on from, by its name. */
export const INIT_ADAPTER = 'init-adapter';

const ON_OFF = [
  ['off', 'Off'],
  ['on', 'On'],
] as const;

/** Every setting of `weblora train` that makes sense on a page. The system prompt stands with the examples. */
export const SETTING_GROUPS: readonly SettingGroup[] = [
  {
    title: 'How long and how fast',
    fields: [
      {
        flag: 'steps',
        label: 'Steps',
        hint: 'How many small corrections of the model. Leave it open, and the run is made long enough to teach.',
        kind: 'number',
        placeholder: 'as many as it takes',
      },
      {
        flag: 'epochs',
        label: 'Rounds through the examples',
        hint: 'How often each example is seen. Use this or Steps, not both.',
        kind: 'number',
        placeholder: 'as many as it takes',
      },
      {
        flag: 'lr',
        label: 'Learning rate',
        hint: 'The size of each correction. Too high and answers fall apart; too low and little changes.',
        kind: 'number',
        placeholder: 'what suits the model',
      },
      {
        flag: 'accumulate',
        label: 'Examples per step',
        hint: 'How many examples are looked at before each correction. More is steadier and slower.',
        kind: 'number',
        placeholder: '4, fewer for small sets',
      },
      {
        flag: 'schedule',
        label: 'Course of the learning rate',
        hint: 'Large corrections first and small ones towards the end usually teach best.',
        kind: 'choice',
        options: [
          ['cosine', 'Falls in a soft curve'],
          ['linear', 'Falls in a straight line'],
          ['constant', 'Stays the same'],
        ],
      },
      {
        flag: 'warmup-ratio',
        label: 'Gentle start',
        hint: 'The share of the run over which the learning rate rises to its full size.',
        kind: 'number',
        placeholder: '0.03',
      },
    ],
  },
  {
    title: 'The adapter',
    fields: [
      {
        flag: INIT_ADAPTER,
        label: 'Begin with',
        hint: 'An earlier run of this model, to teach it more; the shape of its adapter comes with it.',
        kind: 'run',
      },
      {
        flag: 'rank',
        label: 'Rank',
        hint: 'How much new material fits in. More is slower and wants more examples.',
        kind: 'choice',
        options: [
          ['16', '16'],
          ['4', '4'],
          ['8', '8'],
          ['32', '32'],
          ['64', '64'],
          ['128', '128'],
        ],
      },
      {
        flag: 'alpha',
        label: 'Alpha',
        hint: 'How strongly the adapter is heard beside the model. Twice the rank is common.',
        kind: 'number',
        placeholder: 'twice the rank',
      },
      {
        flag: 'method',
        label: 'Method',
        hint: 'rsLoRA keeps large ranks at an even strength.',
        kind: 'choice',
        options: [
          ['lora', 'LoRA'],
          ['rslora', 'rsLoRA'],
        ],
      },
      {
        flag: 'targets',
        label: 'Parts of the model',
        hint: 'Which layers get an adapter: all of them, or names such as q_proj, v_proj.',
        kind: 'text',
        placeholder: 'all-linear',
      },
      {
        flag: 'dropout',
        label: 'Dropout',
        hint: 'The share of the adapter that is left out at random in each step, against learning by heart.',
        kind: 'number',
        placeholder: '0',
      },
    ],
  },
  {
    title: 'The examples',
    fields: [
      {
        flag: 'seq-len',
        label: 'Longest example',
        hint: 'In tokens, which are pieces of words. What is longer is cut at its end. More needs more memory.',
        kind: 'number',
        placeholder: '512',
      },
      {
        flag: 'batch-size',
        label: 'Examples side by side',
        hint: 'How many are computed at once. More is faster on large graphics chips and needs more memory.',
        kind: 'number',
        placeholder: '1',
      },
      {
        flag: 'packing',
        label: 'Packing',
        hint: 'Puts several short examples into one sequence, which is faster.',
        kind: 'choice',
        options: ON_OFF,
      },
      {
        flag: 'loss-on',
        label: 'Learn to say',
        hint: 'Only the answers, or the questions too.',
        kind: 'choice',
        options: [
          ['completion', 'The answers'],
          ['all', 'Everything'],
        ],
      },
      {
        flag: 'shuffle',
        label: 'Order',
        hint: 'A new order in each round keeps the model from learning the order itself.',
        kind: 'choice',
        options: [
          ['on', 'Mixed'],
          ['off', 'As in the file'],
        ],
      },
      {
        flag: 'seed',
        label: 'Seed',
        hint: 'Where chance starts: the same number gives the same result again.',
        kind: 'number',
        placeholder: '0',
      },
    ],
  },
  {
    title: 'The model',
    fields: [
      {
        flag: 'base',
        label: 'Numbers of the model',
        hint: 'How exactly the model is kept beside the adapter. More bits take more memory; 4 are usually enough.',
        kind: 'choice',
        options: [
          ['', 'What suits it'],
          ['q4', '4 bits (q4)'],
          ['nf4', '4 bits (nf4)'],
          ['q8', '8 bits (q8)'],
          ['f16', '16 bits (f16)'],
          ['bf16', '16 bits (bf16)'],
          ['f32', '32 bits (f32)'],
        ],
      },
      {
        flag: 'context',
        label: 'Longest conversation',
        hint: 'In tokens, question and answer together. More needs more memory.',
        kind: 'number',
        placeholder: 'the model’s own, at most 4096',
      },
    ],
  },
  {
    title: 'Checks and memory',
    fields: [
      {
        flag: 'eval-every',
        label: 'Steps between checks',
        hint: 'How often the examples kept back are asked.',
        kind: 'number',
        placeholder: 'a fifth of the run',
      },
      {
        flag: 'early-stopping-patience',
        label: 'Checks without improvement',
        hint: 'Ends the run after so many checks that got no better, and keeps the best state.',
        kind: 'number',
        placeholder: 'never ends early',
      },
      {
        flag: 'save-every',
        label: 'Steps between saves',
        hint: 'How often the state is written down, so that a closed tab costs little.',
        kind: 'number',
        placeholder: 'a tenth of the run',
      },
      {
        flag: 'memory-limit',
        label: 'Memory limit',
        hint: 'In bytes. Under it, parts are computed twice instead of being kept.',
        kind: 'number',
        placeholder: 'what the device allows',
      },
      {
        flag: 'tune',
        label: 'Measure this device',
        hint: 'Tries once which way of computing is fastest on this graphics chip, and remembers it.',
        kind: 'choice',
        options: [
          ['on', 'Once'],
          ['off', 'Never'],
        ],
      },
    ],
  },
  {
    title: 'The optimiser',
    fields: [
      {
        flag: 'optimizer',
        label: 'Optimiser',
        hint: 'How a correction is worked out. AdamW adapts to each number; SGD needs less memory.',
        kind: 'choice',
        options: [
          ['adamw', 'AdamW'],
          ['sgd', 'SGD'],
        ],
      },
      {
        flag: 'optimizer-state',
        label: 'AdamW’s notes',
        hint: 'What AdamW keeps for each number. Rounded takes a quarter of the memory, and is taken where the memory limit leaves no other way.',
        kind: 'choice',
        options: [
          ['f32', 'Exact'],
          ['8bit', 'Rounded to 8 bits'],
        ],
      },
      {
        flag: 'weight-decay',
        label: 'Weight decay',
        hint: 'Pulls the adapter’s numbers towards zero, against learning by heart.',
        kind: 'number',
        placeholder: '0',
      },
      {
        flag: 'max-grad-norm',
        label: 'Largest correction',
        hint: 'Corrections above this size are shrunk to it. 0 leaves them as they are.',
        kind: 'number',
        placeholder: '1',
      },
      {
        flag: 'adam-betas',
        label: 'AdamW’s memory',
        hint: 'How long past corrections and their sizes count: two numbers below 1.',
        kind: 'text',
        placeholder: '0.9, 0.999',
      },
      {
        flag: 'adam-eps',
        label: 'AdamW’s smallest divisor',
        hint: 'Keeps divisions by almost nothing in bounds.',
        kind: 'number',
        placeholder: '1e-8',
      },
    ],
  },
];

export const FIELDS = SETTING_GROUPS.flatMap(({ fields }) => fields);

const OTHER_LABELS: Readonly<Record<string, string>> = {
  system: 'System prompt',
  resume: 'Continue training',
  'skip-bad-rows': 'Leave them out',
  columns: 'Columns',
  'eval-split': 'the examples kept back',
  'eval-data': 'the examples kept back',
  out: 'the run’s name',
  overwrite: 'Delete',
  data: 'the examples',
  model: 'the model',
};

/** Flags of how the model is opened, not of the run. */
export const MODEL_FLAGS: readonly string[] = ['base', 'context'];

/** Why a flag of `weblora train` is no setting here: where the page has it instead. */
export const ELSEWHERE: Readonly<Record<string, string>> = {
  model: 'the place Model',
  data: 'the place Examples',
  columns: 'asked for where they are unclear',
  out: 'each run gets a name of its own',
  overwrite: 'each run gets a name of its own',
  resume: 'Continue, in the list of runs',
  'eval-data': 'a sample’s own, and else kept back by themselves',
  'eval-split': 'kept back by themselves',
  'skip-bad-rows': 'Leave them out, under Examples',
  device: 'the browser’s graphics chip, or none',
  offline: 'a model that is here is used without asking',
  config: 'Load settings',
  json: 'for scripts',
  quiet: 'for scripts',
};

export const isSettingFlag = (flag: string): boolean =>
  flag === 'system' || FIELDS.some((field) => field.flag === flag);

/** What the page calls a flag; one it has no word for as it is. */
export const labelOf = (flag: string): string =>
  FIELDS.find((field) => field.flag === flag)?.label ?? RECORDED_LABELS[flag] ?? flag;

/** A sentence of the engine without the terminal's flags: each by the label it has on this page. */
export function inPageWords(text: string): string {
  return text.replace(/--([a-z]+(?:-[a-z]+)*)/g, (whole, flag: string) => {
    const label = FIELDS.find((field) => field.flag === flag)?.label ?? OTHER_LABELS[flag];
    return label === undefined ? whole.slice(2) : `“${label}”`;
  });
}
