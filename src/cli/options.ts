/** A flag as commander takes it, and what --help says of it. */
export type Option = readonly [flags: string, description: string];

export const COMMON: readonly Option[] = [
  ['--json', 'machine-readable lines on stdout and nothing else there'],
  ['--quiet', 'no progress and no notes'],
  ['--seed <n>', 'seed of everything random (default 0)'],
  ['--config <file>', 'JSON or YAML of these flags, or a run.json; flags win'],
];
const DEVICE: Option = ['--device <name>', 'auto, webgpu or cpu (default auto)'];
export const OFFLINE: Option = ['--offline', 'use downloaded models only and ask no server'];
export const MODEL: readonly Option[] = [
  ['--model <model>', 'embedded, a folder in Hugging Face layout, a .gguf file, hf:org/name[@revision] or an address'],
  OFFLINE,
  [
    '--base <format>',
    'how the base is kept: q4, nf4, q8, f16, bf16, f32, or gguf: as its file has it (default: what the adapter was trained on, else gguf for a GGUF file and q4 for others)',
  ],
  ['--context <n>', 'positions to make room for (default: the model’s, at most 4096)'],
  DEVICE,
];
export const ADAPTER: Option = ['--adapter <path>', 'a LoRA adapter: a PEFT or MLX folder, a zip of one, or a .gguf'];
export const SHAPE: readonly Option[] = [
  ['--method <name>', 'lora or rslora (default lora)'],
  ['--rank <n>', 'rank of the adapter (default 16)'],
  ['--alpha <x>', 'the adapter’s scale is alpha / rank (default 32)'],
  ['--dropout <p>', 'dropout before the adapter (default 0)'],
  ['--targets <names>', 'all-linear, or module names with commas (default all-linear)'],
  ['--batch-size <n>', 'sequences per micro-batch (default 1)'],
  ['--accumulate <n>', 'micro-batches per update (default 4, fewer for little data)'],
  ['--seq-len <n>', 'tokens a row may have (default 512)'],
  ['--optimizer <name>', 'adamw or sgd (default adamw)'],
  [
    '--optimizer-state <kind>',
    'AdamW’s moments: f32, or 8bit (default f32; 8bit where --memory-limit leaves no other way)',
  ],
  ['--weight-decay <x>', 'decoupled weight decay (default 0)'],
  ['--memory-limit <bytes>', 'GPU memory the run may take'],
];
export const COLUMNS: Option = ['--columns <names>', 'which column is what: question=Frage,answer=Antwort'];
export const TRAIN: readonly Option[] = [
  ['--data <file>', 'examples: JSONL, JSON, CSV or TSV'],
  COLUMNS,
  ['--out <folder>', 'where the run and its adapter go'],
  ['--eval-data <file>', 'held-out examples'],
  ['--eval-split <fraction>', 'share of the rows to hold out (default 0)'],
  ['--init-adapter <folder>', 'continue from this adapter: its rank, alpha and targets'],
  ['--steps <n>', 'updates to make'],
  ['--epochs <n>', 'passes over the data'],
  ['--packing <on|off>', 'several rows per sequence (default off)'],
  ['--loss-on <part>', 'completion or all (default completion)'],
  ['--system <text>', 'system prompt put before every row'],
  ['--skip-bad-rows', 'leave out rows that cannot be used'],
  ['--lr <x>', 'learning rate (default: what the model recommends, else 2e-4)'],
  ['--schedule <name>', 'cosine, linear or constant (default cosine)'],
  ['--warmup-ratio <x>', 'share of the updates to warm up (default 0.03)'],
  ['--adam-betas <b1,b2>', 'AdamW’s betas (default 0.9,0.999)'],
  ['--adam-eps <x>', 'AdamW’s epsilon (default 1e-8)'],
  ['--max-grad-norm <x>', 'clip the gradient norm; 0: no clipping (default 1)'],
  ['--eval-every <n>', 'updates between evaluations'],
  ['--early-stopping-patience <n>', 'evaluations without improvement before stopping'],
  ['--save-every <n>', 'updates between checkpoints'],
  ['--resume <folder>', 'continue the run in this folder with its settings'],
  ['--overwrite', 'replace a finished adapter in --out'],
  ['--tune <on|off>', 'measure once per device which kernels are fastest (default on)'],
  ['--no-shuffle', 'take the rows in file order'],
];
export const ANSWER: readonly Option[] = [
  ['--system <text>', 'system prompt (default: the adapter’s)'],
  ['--max-new-tokens <n>', 'tokens to write at most (default 128)'],
  ['--temperature <x>', '0: always the likeliest token (default 0)'],
  ['--top-k <n>', 'sample among the n likeliest tokens'],
  ['--top-p <x>', 'sample among the likeliest tokens of this total probability'],
  ['--min-p <x>', 'leave out tokens below this share of the likeliest'],
  ['--repetition-penalty <x>', 'make tokens that were used less likely (1: off)'],
  ['--stop <text>', 'end before this text; several with commas'],
  ['--strength <x>', 'how much of the adapter: 0 none, 1 as it was trained (default 1)'],
];
export const GENERATE: readonly Option[] = [
  ['--prompt <text>', 'the question'],
  ['--messages <file>', 'a conversation: JSON list of {role, content}'],
  ['--raw', 'no chat template: continue the prompt as it is'],
  ...ANSWER,
];

/** Of the list of models people use. */
export const CHOOSE: readonly Option[] = [
  ['--languages <codes>', 'of the list of models: languages they should speak, e.g. de,en'],
  ['--for <purpose>', 'of the list of models: training or chat (default training)'],
  ['--probe', 'of the list of models: try the device’s memory again'],
];

/** Flags of `weblora train`. */
export const TRAIN_COMMAND: readonly Option[] = [...MODEL, ...TRAIN, ...SHAPE, ...COMMON];

/** `seq-len` of `--seq-len <n>`, `shuffle` of `--no-shuffle`. */
export const flagOf = ([flags]: Option): string => flags.split(' ')[0]?.replace(/^--(no-)?/, '') ?? '';
