import { Command, CommanderError } from 'commander';
import { WebLoraError } from '../errors.ts';
import { VERSION } from '../version.ts';
import { bench } from './commands/bench.ts';
import { chat } from './commands/chat.ts';
import { evaluateCommand } from './commands/eval.ts';
import { exportAdapter } from './commands/export.ts';
import { generate } from './commands/generate.ts';
import { inspect } from './commands/inspect.ts';
import { logits } from './commands/logits.ts';
import { catalogue, models } from './commands/models.ts';
import { plan } from './commands/plan.ts';
import { train } from './commands/train.ts';
import { mergeFlags, type Flags } from './flags.ts';
import { Output, reportFailure } from './output.ts';

type Option = readonly [flags: string, description: string];

const COMMON: readonly Option[] = [
  ['--json', 'machine-readable lines on stdout and nothing else there'],
  ['--quiet', 'no progress and no notes'],
  ['--seed <n>', 'seed of everything random (default 0)'],
  ['--config <file>', 'JSON or YAML of these flags, or a run.json; flags win'],
];
const DEVICE: Option = ['--device <name>', 'auto, webgpu or cpu (default auto)'];
const OFFLINE: Option = ['--offline', 'use downloaded models only and ask no server'];
const MODEL: readonly Option[] = [
  ['--model <model>', 'embedded, a folder in Hugging Face layout, a .gguf file, hf:org/name[@revision] or an address'],
  OFFLINE,
  [
    '--base <format>',
    'how the base is kept: q4, nf4, q8, f16, bf16, f32, or gguf: as its file has it (default: what the adapter was trained on, else gguf for a GGUF file and q4 for others)',
  ],
  ['--context <n>', 'positions to make room for (default: the model’s, at most 4096)'],
  DEVICE,
];
const ADAPTER: Option = ['--adapter <path>', 'a LoRA adapter in PEFT format: a folder, or a zip of one'];
const SHAPE: readonly Option[] = [
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
const COLUMNS: Option = ['--columns <names>', 'which column is what: question=Frage,answer=Antwort'];
const TRAIN: readonly Option[] = [
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
const ANSWER: readonly Option[] = [
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
const GENERATE: readonly Option[] = [
  ['--prompt <text>', 'the question'],
  ['--messages <file>', 'a conversation: JSON list of {role, content}'],
  ['--raw', 'no chat template: continue the prompt as it is'],
  ...ANSWER,
];

/** Of the list of models people use. */
const CHOOSE: readonly Option[] = [
  ['--languages <codes>', 'of the list of models: languages they should speak, e.g. de,en'],
  ['--for <purpose>', 'of the list of models: training or chat (default training)'],
  ['--probe', 'of the list of models: try the device’s memory again'],
];

/** What a flag that is promised but not built yet would need. */
const NOT_BUILT = new Set(['--objective', '--beta', '--lora-plus-ratio', '--label-smoothing', '--neftune']);

async function main(): Promise<number> {
  const program = new Command('weblora')
    .description('Fine-tune language models with LoRA on your own GPU, and try them at once.')
    .version(VERSION)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  let status: Promise<number> | number = 0;
  const command = (
    name: string,
    description: string,
    options: readonly Option[],
    run: (flags: Flags, output: Output, argument: string) => Promise<number> | number,
  ): void => {
    const all = [...options, ...COMMON];
    const sub = program
      .command(name)
      .description(description)
      .exitOverride()
      .configureOutput({ writeErr: () => undefined });
    if (name === 'inspect')
      sub.argument('[model]', 'a model, adapter or run; nothing: models people use, and what fits');
    for (const [flags, text] of all) sub.option(flags, text);
    const known = new Set(all.map(([flags]) => flags.split(' ')[0]?.replace(/^--(no-)?/, '') ?? ''));
    // Commander fills in `shuffle: true` for --no-shuffle; only what was typed may count as given.
    sub.action((...args: unknown[]) => {
      const typed = sub.opts();
      if (typed['shuffle'] === true) delete typed['shuffle'];
      const flags = mergeFlags(
        typed,
        new Set([...known, 'model', 'data', 'eval-data', 'init-adapter', 'shuffle', 'base', 'context']),
      );
      const output = new Output({ json: flags.flag('json'), quiet: flags.flag('quiet') });
      status = run(flags, output, typeof args[0] === 'string' ? args[0] : '');
    });
  };
  command('train', 'tune a model on examples and write a PEFT adapter', [...MODEL, ...TRAIN, ...SHAPE], train);
  command('generate', 'answer a question or continue a text', [...MODEL, ADAPTER, ...GENERATE], generate);
  command('chat', 'talk with a model over several turns; /help there says how', [...MODEL, ADAPTER, ...ANSWER], chat);
  command(
    'eval',
    'measure loss and exact answers on held-out examples',
    [
      ...MODEL,
      ADAPTER,
      ['--data <file>', 'held-out examples'],
      COLUMNS,
      ['--system <text>', 'system prompt (default: the adapter’s)'],
      ['--compare-base', 'measure the base model too'],
      ['--predictions <file>', 'write every answer as JSONL'],
    ],
    evaluateCommand,
  );
  command(
    'logits',
    'write every token’s logits, for checking fidelity',
    [
      ...MODEL,
      ADAPTER,
      ['--tokens <ids>', 'token ids with commas between them'],
      ['--out <file>', 'a .safetensors file'],
    ],
    logits,
  );
  command('plan', 'say what a training run will need; nothing is allocated', [...MODEL, ...SHAPE], plan);
  command(
    'export',
    'write an adapter in another format',
    [ADAPTER, ['--to <format>', 'peft'], ['--out <path>', 'a folder, or a .zip file']],
    exportAdapter,
  );
  command('inspect', 'say what a model, adapter or run folder is', [OFFLINE, ...CHOOSE], (flags, output, target) =>
    target === '' ? catalogue(flags, output) : inspect(target, flags, output),
  );
  command(
    'models',
    'list, check and delete the models that were downloaded, or say which suit this device',
    [
      ['--catalogue', 'models people use, held against this device: what fits, and which to begin with'],
      ...CHOOSE,
      ['--delete <model>', 'remove a model from this computer'],
      ['--check <model>', 'read every byte again and compare it with its hash'],
    ],
    models,
  );
  command(
    'bench',
    'time training, generation and kernels on this adapter',
    [
      ...MODEL,
      ['--suite <name>', 'train, decode, prefill or kernels (default: all of them)'],
      ['--lengths <tokens>', 'tokens of the training steps (default 64,512)'],
      ['--room <name>', 'only this kernel'],
      ['--peers', 'time other libraries on the same work too'],
    ],
    bench,
  );
  program.parse(process.argv);
  return status;
}

/** Commander's own complaints in the house form. */
function translate(error: CommanderError): WebLoraError {
  const option = /'(?:-\w, )?(--[\w-]+)/.exec(error.message)?.[1];
  switch (error.code) {
    case 'commander.unknownOption':
      return new WebLoraError(
        'usage',
        option ?? 'option',
        option !== undefined && NOT_BUILT.has(option)
          ? { got: 'a flag whose feature is not built yet', fix: 'leave it out' }
          : { got: 'an unknown flag', wanted: 'a flag from --help', fix: 'see weblora <command> --help' },
      );
    case 'commander.unknownCommand':
      return new WebLoraError('usage', 'command', {
        got: /'([^']*)'/.exec(error.message)?.[1] ?? 'an unknown command',
        wanted: 'train, generate, chat, eval, logits, plan, export, inspect, bench or models',
        fix: 'see weblora --help',
      });
    case 'commander.missingArgument':
      return new WebLoraError('usage', 'argument', {
        got: 'nothing',
        wanted: /'([^']*)'/.exec(error.message)?.[1] ?? 'an argument',
        fix: 'see --help',
      });
    default:
      return new WebLoraError('usage', option ?? 'command line', {
        got: error.message.replace(/^error: /, ''),
        fix: 'see --help',
      });
  }
}

main()
  .then((status) => {
    process.exitCode = status;
  })
  .catch((error: unknown) => {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return;
      process.exitCode = reportFailure(translate(error));
      if (error.code === 'commander.help') process.exitCode = 2;
      return;
    }
    process.exitCode = reportFailure(error);
  });
