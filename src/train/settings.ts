import { ADAPTER_KINDS, ADAPTER_KIND_NAMES } from '../lora/kinds/index.ts';
import { BASE_FORMATS } from '../formats/layout.ts';
import { KERNEL_CHOICES } from '../gpu/device-profile.ts';
import { defineSettings } from '../settings/settings.ts';
import { choice, integer, names, number, numberPair, onOff, pairs, text, toggle } from '../settings/value-types.ts';
import { OPTIMIZERS, OPTIMIZER_STATES } from './optimizers.ts';

export const DEFAULT_LEARNING_RATE = 2e-4;
export const DEFAULT_ACCUMULATE = 4;
export const DEFAULT_SEQ_LEN = 512;

/** Which kind of adapter, as the page shows it. */
const ADAPTER_KIND_LABELS = Object.fromEntries(ADAPTER_KIND_NAMES.map((name) => [name, ADAPTER_KINDS[name].label]));
const ADAPTER_KIND_HINT = Object.values(ADAPTER_KINDS)
  .map(({ label, hint }) => `${label}: ${hint}`)
  .join(' ');

/** Groups of the page's form. */
const LENGTH = 'How long and how fast';
const ADAPTER = 'The adapter';
const EXAMPLES = 'The examples';
const MODEL = 'The model';
const CHECKS = 'Checks and memory';
const OPTIMISER = 'The optimiser';

/** Every setting of `weblora train`, in the order of `--help` and of the page's form. */
export const TRAIN_SETTINGS = defineSettings({
  model: {
    type: text('model'),
    config: false,
    terminal: 'model',
    recorded: 'path',
    help: 'embedded, a folder in Hugging Face layout, a .gguf file, hf:org/name[@revision] or an address',
    page: { elsewhere: 'the place Model', label: 'Model' },
  },
  offline: {
    type: toggle(),
    config: false,
    terminal: 'model',
    help: 'use downloaded models only and ask no server',
    page: { elsewhere: 'a model that is here is used without asking' },
  },
  device: {
    type: choice(['auto', 'webgpu', 'cpu']),
    default: 'auto',
    config: false,
    terminal: 'model',
    help: 'what computes; cpu is TensorFlow.js and many times slower',
    page: { elsewhere: 'the browser’s graphics chip, or none' },
  },
  kernels: {
    type: choice(KERNEL_CHOICES),
    default: 'auto',
    config: false,
    recorded: 'value',
    terminal: 'model',
    help: 'which kernels the device runs; WEBLORA_KERNELS in the environment says it too',
    page: { elsewhere: 'those that suit the graphics chip', label: 'Kernels' },
  },
  data: {
    type: text('file'),
    config: false,
    recorded: 'path',
    help: 'examples: JSONL, JSON, CSV, TSV, .xlsx or Parquet',
    page: { elsewhere: 'the place Examples', label: 'Examples' },
  },
  columns: {
    type: pairs('NAME=YOUR_COLUMN, several with commas'),
    config: false,
    recorded: 'value',
    help: 'which column is what: question=Frage,answer=Antwort',
    page: { elsewhere: 'asked for where they are unclear', label: 'Columns' },
  },
  out: {
    type: text('folder'),
    config: false,
    help: 'where the run and its adapter go',
    page: { elsewhere: 'each run gets a name of its own', label: 'Name of the run' },
  },
  evalData: {
    type: text('file'),
    config: false,
    recorded: 'path',
    help: 'held-out examples',
    page: { elsewhere: 'a sample’s own, and else kept back by themselves', label: 'Examples kept back' },
  },
  evalSplit: {
    type: number({ from: 0, below: 1 }),
    default: 0,
    help: 'share of the rows to hold out for evaluation',
    page: { elsewhere: 'kept back by themselves', label: 'Share kept back' },
  },
  system: {
    type: text(),
    help: 'system prompt put before every row, and used by generate and eval',
    page: { elsewhere: 'beside the examples', label: 'System prompt', isTyped: true },
  },
  skipBadRows: {
    type: toggle(),
    default: false,
    help: 'leave out rows that cannot be used; otherwise they stop the run',
    page: { elsewhere: 'under Examples', label: 'Leave them out' },
  },
  steps: {
    type: integer({ from: 1 }),
    defaultText: 'sized to teach',
    help: 'updates to make',
    page: {
      group: LENGTH,
      label: 'Steps',
      hint: 'How many small corrections of the model. Leave it open, and the run is made long enough to teach.',
      unset: 'as many as it takes',
    },
  },
  epochs: {
    type: integer({ from: 1 }),
    defaultText: 'sized to teach',
    help: 'passes over the data; this or --steps',
    page: {
      group: LENGTH,
      label: 'Rounds through the examples',
      hint: 'How often each example is seen. Use this or Steps, not both.',
      unset: 'as many as it takes',
    },
  },
  lr: {
    type: number({ above: 0 }),
    defaultText: `what the model recommends, else ${DEFAULT_LEARNING_RATE.toExponential()}`,
    help: 'learning rate',
    page: {
      group: LENGTH,
      label: 'Learning rate',
      hint: 'The size of each correction. Too high and answers fall apart; too low and little changes.',
      unset: 'what suits the model',
    },
  },
  accumulate: {
    type: integer({ from: 1 }),
    defaultText: `${DEFAULT_ACCUMULATE}, fewer for little data`,
    terminal: 'shape',
    help: 'micro-batches per update',
    page: {
      group: LENGTH,
      label: 'Examples per step',
      hint: 'How many examples are looked at before each correction. More is steadier and slower.',
      unset: `${DEFAULT_ACCUMULATE}, fewer for small sets`,
    },
  },
  schedule: {
    type: choice(['cosine', 'linear', 'constant']),
    default: 'cosine',
    help: 'course of the learning rate after the warm-up',
    page: {
      group: LENGTH,
      label: 'Course of the learning rate',
      hint: 'Large corrections first and small ones towards the end usually teach best.',
      choices: {
        cosine: 'Falls in a soft curve',
        linear: 'Falls in a straight line',
        constant: 'Stays the same',
      },
    },
  },
  warmupRatio: {
    type: number({ from: 0, to: 1 }),
    default: 0.03,
    help: 'share of the updates to warm up',
    page: {
      group: LENGTH,
      label: 'Gentle start',
      hint: 'The share of the run over which the learning rate rises to its full size.',
    },
  },
  initAdapter: {
    type: text('folder'),
    config: false,
    recorded: 'path',
    help: 'continue from this adapter, with its method, rank, alpha and targets',
    page: {
      group: ADAPTER,
      label: 'Begin with',
      hint: 'An earlier run of this model, to teach it more; the shape of its adapter comes with it.',
      isRun: true,
    },
  },
  method: {
    type: choice(ADAPTER_KIND_NAMES),
    default: 'lora',
    terminal: 'shape',
    fromInitAdapter: true,
    help: 'kind of adapter',
    page: {
      group: ADAPTER,
      label: 'Method',
      hint: ADAPTER_KIND_HINT,
      choices: ADAPTER_KIND_LABELS,
    },
  },
  rank: {
    type: integer({ from: 1, to: 256 }),
    default: 16,
    terminal: 'shape',
    fromInitAdapter: true,
    help: 'rank of the adapter',
    page: {
      group: ADAPTER,
      label: 'Rank',
      hint: 'How much new material fits in. More is slower and wants more examples.',
      offers: [4, 8, 16, 32, 64, 128],
    },
  },
  alpha: {
    type: number({ above: 0 }),
    defaultFrom: ({ rank }) => 2 * Number(rank),
    defaultText: '2 × rank',
    terminal: 'shape',
    fromInitAdapter: true,
    help: 'the adapter is scaled by alpha / rank',
    page: {
      group: ADAPTER,
      label: 'Alpha',
      hint: 'How strongly the adapter is heard beside the model. Twice the rank is common.',
      unset: 'twice the rank',
    },
  },
  targets: {
    type: names('all-linear', 'q_proj,v_proj'),
    default: 'all-linear',
    terminal: 'shape',
    fromInitAdapter: true,
    help: 'all-linear, or module names with commas',
    page: {
      group: ADAPTER,
      label: 'Parts of the model',
      hint: 'Which layers get an adapter: all of them, or names such as q_proj, v_proj.',
    },
  },
  dropout: {
    type: number({ from: 0, below: 1 }),
    default: 0,
    terminal: 'shape',
    help: 'dropout before the adapter',
    page: {
      group: ADAPTER,
      label: 'Dropout',
      hint: 'The share of the adapter that is left out at random in each step, against learning by heart.',
    },
  },
  seqLen: {
    type: integer({ from: 2 }),
    defaultText: `${DEFAULT_SEQ_LEN}, or the model’s context when shorter`,
    terminal: 'shape',
    help: 'tokens a row may have; longer rows are cut at the right',
    page: {
      group: EXAMPLES,
      label: 'Longest example',
      hint: 'In tokens, which are pieces of words. What is longer is cut at its end. More needs more memory.',
      unset: String(DEFAULT_SEQ_LEN),
    },
  },
  batchSize: {
    type: integer({ from: 1 }),
    default: 1,
    terminal: 'shape',
    help: 'sequences per micro-batch',
    page: {
      group: EXAMPLES,
      label: 'Examples side by side',
      hint: 'How many are computed at once. More is faster on large graphics chips and needs more memory.',
    },
  },
  packing: {
    type: onOff(),
    default: false,
    help: 'several rows per sequence',
    page: {
      group: EXAMPLES,
      label: 'Packing',
      hint: 'Puts several short examples into one sequence, which is faster.',
      choices: { on: 'On', off: 'Off' },
    },
  },
  lossOn: {
    type: choice(['completion', 'all']),
    default: 'completion',
    help: 'what is learnt: the completion, or all of a row',
    page: {
      group: EXAMPLES,
      label: 'Learn to say',
      hint: 'Only the answers, or the questions too.',
      choices: { completion: 'The answers', all: 'Everything' },
    },
  },
  shuffle: {
    type: toggle(),
    default: true,
    help: 'take the rows in file order',
    page: {
      group: EXAMPLES,
      label: 'Order',
      hint: 'A new order in each round keeps the model from learning the order itself.',
      choices: { on: 'Mixed', off: 'As in the file' },
    },
  },
  seed: {
    type: integer({ from: 0, to: 0xffffffff }),
    default: 0,
    terminal: 'common',
    help: 'seed of everything random',
    page: {
      group: EXAMPLES,
      label: 'Seed',
      hint: 'Where chance starts: the same number gives the same result again.',
    },
  },
  base: {
    type: choice(BASE_FORMATS),
    config: false,
    recorded: 'value',
    defaultText: 'what the adapter was trained on, else gguf for a GGUF file and q4 for others',
    terminal: 'model',
    help: 'how the base is stored; gguf: as its file has it',
    page: {
      group: MODEL,
      label: 'Numbers of the model',
      hint: 'How exactly the model is kept beside the adapter. More bits take more memory; 4 are usually enough.',
      choices: {
        q4: '4 bits (q4)',
        nf4: '4 bits (nf4)',
        q8: '8 bits (q8)',
        f16: '16 bits (f16)',
        bf16: '16 bits (bf16)',
        f32: '32 bits (f32)',
      },
      // Only a GGUF file has it, and there it is the default.
      omits: ['gguf'],
      unset: 'What suits it',
    },
  },
  context: {
    type: integer({ from: 1 }),
    config: false,
    recorded: 'value',
    defaultText: 'the model’s, at most 4096',
    terminal: 'model',
    help: 'positions that fit',
    page: {
      group: MODEL,
      label: 'Longest conversation',
      hint: 'In tokens, question and answer together. More needs more memory.',
      unset: 'the model’s own, at most 4096',
    },
  },
  evalEvery: {
    type: integer({ from: 1 }),
    defaultText: 'a fifth of the run',
    help: 'updates between evaluations',
    page: {
      group: CHECKS,
      label: 'Steps between checks',
      hint: 'How often the examples kept back are asked.',
      unset: 'a fifth of the run',
    },
  },
  earlyStoppingPatience: {
    type: integer({ from: 1 }),
    help: 'evaluations without improvement before the run stops and keeps its best state',
    page: {
      group: CHECKS,
      label: 'Checks without improvement',
      hint: 'Ends the run after so many checks that got no better, and keeps the best state.',
      unset: 'never ends early',
    },
  },
  saveEvery: {
    type: integer({ from: 1 }),
    defaultText: 'a tenth of the run',
    help: 'updates between checkpoints',
    page: {
      group: CHECKS,
      label: 'Steps between saves',
      hint: 'How often the state is written down, so that a closed tab costs little.',
      unset: 'a tenth of the run',
    },
  },
  memoryLimitBytes: {
    type: integer({ from: 1, placeholder: 'bytes' }),
    flag: 'memory-limit',
    terminal: 'shape',
    help: 'GPU memory the run may take',
    page: {
      group: CHECKS,
      label: 'Memory limit',
      hint: 'In bytes. Under it, parts are computed twice instead of being kept.',
      unset: 'what the device allows',
    },
  },
  tune: {
    type: onOff(),
    default: true,
    help: 'measure once per device which kernels are fastest; off: nothing is measured',
    page: {
      group: CHECKS,
      label: 'Measure this device',
      hint: 'Tries once which way of computing is fastest on this graphics chip, and remembers it.',
      choices: { on: 'Once', off: 'Never' },
    },
  },
  optimizer: {
    type: choice(OPTIMIZERS),
    default: 'adamw',
    terminal: 'shape',
    help: 'what turns gradients into updates',
    page: {
      group: OPTIMISER,
      label: 'Optimiser',
      hint: 'How a correction is worked out. AdamW adapts to each number; SGD needs less memory.',
      choices: { adamw: 'AdamW', sgd: 'SGD' },
    },
  },
  optimizerState: {
    type: choice(OPTIMIZER_STATES),
    defaultText: 'f32; 8bit where --memory-limit leaves no other way',
    terminal: 'shape',
    help: 'how AdamW keeps its moments',
    page: {
      group: OPTIMISER,
      label: 'AdamW’s notes',
      hint: 'What AdamW keeps for each number. Rounded takes a quarter of the memory, and is taken where the memory limit leaves no other way.',
      choices: { f32: 'Exact', '8bit': 'Rounded to 8 bits' },
      unset: 'Exact where the memory limit allows it',
    },
  },
  weightDecay: {
    type: number({ from: 0 }),
    default: 0,
    terminal: 'shape',
    help: 'decoupled weight decay',
    page: {
      group: OPTIMISER,
      label: 'Weight decay',
      hint: 'Pulls the adapter’s numbers towards zero, against learning by heart.',
    },
  },
  maxGradNorm: {
    type: number({ from: 0, note: '0: no clipping' }),
    default: 1,
    help: 'clip the gradient norm; 0: no clipping',
    page: {
      group: OPTIMISER,
      label: 'Largest correction',
      hint: 'Corrections above this size are shrunk to it. 0 leaves them as they are.',
    },
  },
  adamBetas: {
    type: numberPair({ from: 0, below: 1 }, 'b1,b2'),
    default: [0.9, 0.999],
    help: 'AdamW’s betas',
    page: {
      group: OPTIMISER,
      label: 'AdamW’s memory',
      hint: 'How long past corrections and their sizes count: two numbers below 1.',
    },
  },
  adamEps: {
    type: number({ above: 0 }),
    default: 1e-8,
    help: 'AdamW’s epsilon',
    page: {
      group: OPTIMISER,
      label: 'AdamW’s smallest divisor',
      hint: 'Keeps divisions by almost nothing in bounds.',
    },
  },
  resume: {
    type: text('folder'),
    config: false,
    help: 'continue the run in this folder with its settings',
    page: { elsewhere: 'Continue, in the list of runs', label: 'Continue training' },
  },
  overwrite: {
    type: toggle(),
    config: false,
    help: 'replace a finished adapter in --out',
    page: { elsewhere: 'each run gets a name of its own', label: 'Delete' },
  },
  config: {
    type: text('file'),
    config: false,
    terminal: 'common',
    help: 'JSON or YAML of these flags, or a run.json; flags win',
    page: { elsewhere: 'Load settings', label: 'Load settings' },
  },
  json: {
    type: toggle(),
    config: false,
    terminal: 'common',
    help: 'machine-readable lines on stdout and nothing else there',
    page: { elsewhere: 'for scripts' },
  },
  quiet: {
    type: toggle(),
    config: false,
    terminal: 'common',
    help: 'no progress and no notes',
    page: { elsewhere: 'for scripts' },
  },
});
