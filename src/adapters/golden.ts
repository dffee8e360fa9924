import { CHECK_PEFT } from './check-peft.ts';

/** Questions of everyday life that every export is checked with: a fixed set, so that no row of anyone's data is in it. */
export const GOLDEN_PROMPTS: readonly string[] = [
  'Hello! How are you today?',
  'Write one sentence about a red bicycle.',
  'The lamp in my kitchen does not work. What can I do?',
  'Name three things that you find in a garden.',
];

export interface GoldenPrompt {
  readonly prompt: string;
  /** The whole prompt's tokens, system prompt and template included. */
  readonly ids: readonly number[];
  /** Greedy, with the token that ended the answer. */
  readonly continuation: readonly number[];
  readonly text: string;
  /** Of the token after the prompt, for some ids. */
  readonly logits: {
    readonly ids: readonly number[];
    readonly tuned: readonly number[];
    readonly base: readonly number[];
  };
}

/** golden.json: what WebLoRA computed, for a check of the same adapter elsewhere. */
export interface Golden {
  readonly format: 'weblora-golden/1';
  readonly base: { readonly name: string; readonly sha256: string; readonly precision: string };
  readonly system?: string;
  readonly template?: string;
  readonly prompts: readonly GoldenPrompt[];
}

export const GOLDEN_FILE = 'golden.json';

/**
 * golden.json and what checks it in the programs that open an export.
 * @param format as `--to` takes it; @param name of the file or folder, for commands
 */
export function goldenFiles(golden: Golden, format: string, name: string): Map<string, Uint8Array> {
  const encoder = new TextEncoder();
  const files = new Map([[GOLDEN_FILE, encoder.encode(`${JSON.stringify(golden, null, 1)}\n`)]]);
  if (format === 'peft') files.set('check_peft.py', encoder.encode(CHECK_PEFT));
  const commands = commandsFor(golden, format, name);
  if (commands !== undefined) files.set('CHECK.md', encoder.encode(commands));
  return files;
}

/** In single quotes for a POSIX shell. */
export const asShell = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

function commandsFor({ prompts, system, base }: Golden, format: string, name: string): string | undefined {
  const line = COMMANDS[format];
  if (line === undefined) return undefined;
  const blocks = prompts.flatMap(({ prompt, text }) => [
    '```sh',
    line(asShell(name), asShell(prompt), system === undefined ? undefined : asShell(system)),
    '```',
    '',
    `Expected: ${JSON.stringify(text)}`,
    '',
  ]);
  return [
    '# Golden prompts',
    '',
    `Greedy answers as WebLoRA computed them over ${base.name} in ${base.precision} (sha256 \`${base.sha256}\`), at most 16 tokens.`,
    'On another precision of the base single words may differ where two are nearly as likely.',
    '',
    ...blocks,
  ].join('\n');
}

type CommandOf = (name: string, prompt: string, system: string | undefined) => string;

const llamaCpp =
  (model: (name: string) => string): CommandOf =>
  (name, prompt, system) =>
    `llama-cli ${model(name)} --jinja --single-turn --temp 0 -n 16 ${system === undefined ? '' : `-sys ${system} `}-p ${prompt}`;

const COMMANDS: Readonly<Record<string, CommandOf>> = {
  gguf: llamaCpp((name) => `-m BASE.gguf --lora ${name}`),
  'merged-gguf': llamaCpp((name) => `-m ${name}`),
  mlx: (name, prompt, system) =>
    `mlx_lm.generate --model BASE --adapter-path ${name} --temp 0 --max-tokens 16 ${system === undefined ? '' : `--system-prompt ${system} `}--prompt ${prompt}`,
  merged: (name, prompt, system) =>
    `mlx_lm.generate --model ${name} --temp 0 --max-tokens 16 ${system === undefined ? '' : `--system-prompt ${system} `}--prompt ${prompt}`,
};
