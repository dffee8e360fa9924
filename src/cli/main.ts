import { Command, CommanderError } from 'commander';
import { WebLoraError } from '../errors.ts';
import { ADAPTER_FORMATS } from '../adapters/formats/index.ts';
import { MERGED_FORMATS } from '../merge/index.ts';
import { listed } from '../settings/value-types.ts';
import { VERSION } from '../version.ts';
import { bench } from './commands/bench.ts';
import { chat } from './commands/chat.ts';
import { combine } from './commands/combine.ts';
import { dataCanaries } from './commands/data-canaries.ts';
import { dataCheck } from './commands/data-check.ts';
import { dataShow } from './commands/data-show.ts';
import { evaluateCommand } from './commands/eval.ts';
import { exportAdapter } from './commands/export.ts';
import { ACCELERATE } from './commands/export-accelerate.ts';
import { generate } from './commands/generate.ts';
import { inspect } from './commands/inspect.ts';
import { logits } from './commands/logits.ts';
import { catalogue, models } from './commands/models.ts';
import { plan } from './commands/plan.ts';
import { serve } from './commands/serve.ts';
import { train } from './commands/train.ts';
import { upload } from './commands/upload.ts';
import { mergeFlags, type Flags } from './flags.ts';
import {
  ADAPTER,
  ANSWER,
  CHOOSE,
  INSPECT_MODEL,
  COLUMNS,
  COMMON,
  DATA_CANARIES,
  DATA_CHECK,
  DATA_SHOW,
  flagNameOf,
  GENERATE,
  MODEL,
  OFFLINE,
  PLAN,
  SERVE,
  SHAPE,
  TRAIN,
  UPLOAD,
  type Option,
} from './options.ts';
import { Output, reportFailure } from './output.ts';

/** Names of the commands, in the order of `--help`. */
const COMMANDS: string[] = [];

/** Groups of commands: `data` of `data show`. */
const GROUPS: Readonly<Record<string, string>> = { data: 'look at data files' };

/** A group of a command's subcommands, made at the first of them. */
function groupIn(parent: Command, name: string): Command {
  const known = parent.commands.find((one) => one.name() === name);
  if (known !== undefined) return known;
  return parent
    .command(name)
    .description(GROUPS[name] ?? '')
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
}

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
    COMMANDS.push(name);
    const all = [...options, ...COMMON];
    const words = name.split(' ');
    const own = words.pop() ?? name;
    const sub = words
      .reduce(groupIn, program)
      .command(own)
      .description(description)
      .exitOverride()
      .configureOutput({ writeErr: () => undefined });
    if (name === 'inspect')
      sub.argument('[model]', 'a model, adapter or run; nothing: models people use, and what fits');
    if (name === 'upload') sub.argument('<folder>', 'a folder that train or export wrote');
    if (name.startsWith('data ')) sub.argument('<file>', 'examples: JSONL, JSON, CSV, TSV, .xlsx or Parquet');
    for (const [flags, text] of all) sub.option(flags, text);
    const known = new Set(all.map(flagNameOf));
    // Commander fills in `shuffle: true` for --no-shuffle; only what was typed may count as given.
    sub.action((...args: unknown[]) => {
      const typed = sub.opts();
      if (typed['shuffle'] === true) delete typed['shuffle'];
      const flags = mergeFlags(typed, known);
      const output = new Output({ json: flags.flag('json'), quiet: flags.flag('quiet') });
      status = run(flags, output, typeof args[0] === 'string' ? args[0] : '');
    });
  };
  command('train', 'tune a model on examples and write a PEFT adapter', [...MODEL, ...TRAIN], train);
  command('generate', 'answer a question or continue a text', [...MODEL, ADAPTER, ...GENERATE], generate);
  command('chat', 'talk with a model over several turns; /help there says how', [...MODEL, ADAPTER, ...ANSWER], chat);
  command(
    'serve',
    'answer over HTTP as OpenAI’s interface does: /v1/chat/completions and /v1/models',
    [...MODEL, ...SERVE],
    serve,
  );
  command(
    'eval',
    'measure a model on held-out examples: loss, answers, and whether it is ready',
    [
      ...MODEL,
      ADAPTER,
      ['--data <file>', 'held-out examples'],
      COLUMNS,
      ['--system <text>', 'system prompt (default: the adapter’s)'],
      ['--compare-base', 'measure the base model too'],
      ['--predictions <file>', 'write every answer as JSONL'],
      [
        '--five-fold',
        'for few rows: train five models by the run of --adapter, each on four fifths of --data, and ask each the rest',
      ],
      [
        '--report <file>',
        'a .html page or .json: the verdict, the model beside its base and its base with examples in the prompt, and all suites',
      ],
      [
        '--train-data <file>',
        'of a report: the rows it was trained on, for examples in the prompt and for what it repeats',
      ],
      [
        '--report-seconds <n>',
        'time for what a report measures beside the model itself and its bars; 0: no limit (default: as long as training, at least 120)',
      ],
      ['--suite <file>', 'questions of your own with what an answer must be: JSON lines or a JSON list'],
      [
        '--gate <file>',
        'the bar as JSON, e.g. {"metric": "exactMatch", "atLeast": 0.9}; status 1 unless the verdict is ready',
      ],
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
  command(
    'data check',
    'look through examples before training: duplicates, contradictions, leaks, personal data, secrets',
    DATA_CHECK,
    (flags, output, file) => dataCheck(file, flags, output),
  );
  command(
    'data show',
    'say what training makes of each row of a file: tokens, labels, notes',
    DATA_SHOW,
    (flags, output, file) => dataShow(file, flags, output),
  );
  command(
    'data canaries',
    'plant rows with random secrets among examples, so that a report tells how far training learns by heart',
    DATA_CANARIES,
    (flags, output, file) => dataCanaries(file, flags, output),
  );
  command(
    'plan',
    'say what a training run will need; nothing is allocated. A run on few rows may take less, unless --accumulate is given',
    [...MODEL, ...SHAPE, ...PLAN],
    plan,
  );
  command(
    'export',
    'write an adapter in another format, or merged into its base model',
    [
      ADAPTER,
      [
        '--to <format>',
        [
          ...[...ADAPTER_FORMATS, ...MERGED_FORMATS].map(({ name, label }) => `${name} (${label})`),
          `${ACCELERATE} (the run, to train it on transformers, PEFT and accelerate)`,
        ].join(', '),
      ],
      ['--out <path>', 'a new folder, a .zip of it, or a file, as the format is'],
      ['--sign <key>', 'sign an adapter’s folder or zip with the key of this file, which is made if it is not there'],
      ['--model <model>', 'the base model, to merge into it or to name its layers (default: of run.json)'],
      OFFLINE,
      [
        '--type <type>',
        'of gguf: f32 (default), f16, bf16, q8_0; of merged-gguf: f16 (default), q8_0, q4_0, bf16, f32',
      ],
      ['--base <format>', 'merge into the base as it is in this format, dequantised (default: as its files are)'],
      ['--eval-data <file>', 'held-out examples: measure the loss before and after merging; of accelerate: the run’s'],
      ['--data <file>', 'of accelerate: the run’s examples, where they are no longer at their place'],
      ['--replay-data <file>', 'of accelerate: the file that the run mixed in, where it is no longer at its place'],
      ['--include-data', 'of accelerate: yes, copy the examples into the folder'],
      COLUMNS,
      ['--system <text>', 'system prompt of these examples and of the golden prompts (default: the adapter’s)'],
      ['--golden <on|off>', 'compute golden prompts for a check in other programs (default on)'],
      [
        '--golden-prompts <file>',
        'prompts of your own for it, one a line (default: a fixed set); they go along with the export',
      ],
    ],
    exportAdapter,
  );
  command(
    'combine',
    'make one adapter of several: the weighted sum of their effects',
    [
      ['--adapters <list>', 'A[:weight],B[:weight] and so on (weights: 1)'],
      ['--how <way>', 'sum (default; shares ranks where adapters have the same A) or concat (all ranks side by side)'],
      ['--out <folder>', 'a new PEFT folder'],
      ['--model <model>', 'the base model, for a GGUF LoRA'],
      OFFLINE,
    ],
    combine,
  );
  command(
    'upload',
    'put a folder of an adapter or a model on the Hugging Face hub, as you ask for it here and never by itself',
    UPLOAD,
    (flags, output, folder) => upload(folder, flags, output),
  );
  command(
    'inspect',
    'say what a model, adapter or run folder is',
    [OFFLINE, INSPECT_MODEL, ...CHOOSE],
    (flags, output, target) => (target === '' ? catalogue(flags, output) : inspect(target, flags, output)),
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
      [
        '--suite <name>',
        'load, train, decode, prefill or kernels (default: these five), job: a whole run and its estimate, scaling: longer rows and more layers',
      ],
      ['--lengths <tokens>', 'tokens of the training steps (default 64,512)'],
      ['--kernel <name>', 'only this kernel'],
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
  const quoted = /'([^']*)'/.exec(error.message)?.[1];
  const meant = /\(Did you mean (?:one of )?(.*)\?\)/.exec(error.message)?.[1];
  const see = `see --help${meant === undefined ? '' : ` (did you mean ${meant}?)`}`;
  switch (error.code) {
    case 'commander.unknownOption':
      return new WebLoraError('usage', option ?? 'option', {
        got: 'an unknown flag',
        wanted: 'a flag of this command',
        fix: see,
      });
    case 'commander.unknownCommand':
      return new WebLoraError('usage', 'command', {
        got: quoted ?? 'an unknown command',
        wanted: listed(COMMANDS),
        fix: see,
      });
    case 'commander.help':
      return new WebLoraError('usage', 'command', { got: 'none', wanted: 'a command', fix: 'see --help' });
    case 'commander.missingArgument':
      return new WebLoraError('usage', (quoted ?? 'argument').toUpperCase(), {
        got: 'nothing',
        wanted: `a ${quoted ?? 'value'} behind the command`,
        fix: 'see --help',
      });
    case 'commander.optionMissingArgument':
      return new WebLoraError('usage', option ?? 'flag', {
        got: 'no value',
        wanted: `a value: ${/--[^']*/.exec(error.message)?.[0] ?? 'FLAG VALUE'}`,
        fix: 'add the value',
      });
    case 'commander.excessArguments':
      return new WebLoraError('usage', 'command line', {
        got: 'words that belong to no flag',
        wanted: `weblora ${quoted ?? 'COMMAND'} and its flags`,
        fix: 'put texts and paths with spaces in quotation marks, or see --help',
      });
    default:
      return new WebLoraError('usage', option ?? 'command line', {
        got: error.message.replace(/^error: /, ''),
        fix: 'see --help',
      });
  }
}

// Whoever read what is printed has gone, as in `weblora bench | head`. Node says so at every write from then on.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    if (!process.emit('SIGPIPE', 'SIGPIPE')) process.exit(130);
  });

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
