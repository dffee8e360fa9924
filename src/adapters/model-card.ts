import { OTHER_PROGRAMS, type OtherProgram } from './elsewhere.ts';
import { governanceSection } from './governance.ts';
import { modelfile, type OllamaFacts } from './ollama.ts';
import { shownName } from './shown-name.ts';

/**
 * What a run's model card tells, as plain data. Nothing in it comes from the rows themselves: a card is made to be
 * published.
 */
export interface ModelCardFacts {
  /** Heading, for example the name of the output folder. */
  readonly title: string;
  readonly base: {
    /** For people: `embedded`, a folder's name, or a hub name. */
    readonly name: string;
    /** `org/name` on the Hugging Face hub, where the base has one. */
    readonly hubId?: string;
    readonly revision?: string;
    /** As its own card or metadata names it. */
    readonly licence?: string;
    /** sha256 over the base's weights; an adapter fits no other base. */
    readonly sha256: string;
    /** How the base was stored in training: `q4`, `f16`, … */
    readonly format: string;
  };
  /** Settings in the order to show them, named as the flags are: `rank`, `learning rate`, … */
  readonly settings: readonly (readonly [name: string, value: string | number])[];
  /** The system prompt every row was given; whoever uses the adapter must give it too. */
  readonly systemPrompt?: string;
  /** Of the adapter, as the person gave it. */
  readonly licence?: string;
  /** Where the data come from, as the person gave it; `hf:org/name` is a data set of the hub. */
  readonly dataSource?: string;
  /** As the person gave it. */
  readonly dataLicence?: string;
  /** What Ollama is told of the base's tokenizer and chat template. */
  readonly ollama?: OllamaFacts;
  readonly data: readonly {
    readonly role: 'training' | 'replay' | 'evaluation';
    readonly fileName: string;
    readonly sha256: string;
    readonly rows: number;
    /** Rows left out because they could not be used. */
    readonly skippedRows: number;
  }[];
  readonly results: readonly {
    /** `held-out loss`, `exact match`, … */
    readonly measure: string;
    readonly base?: number;
    readonly tuned: number;
  }[];
  /** Some updates and their losses, the first and the last among them. */
  readonly curve?: readonly { readonly step: number; readonly loss?: number; readonly heldOutLoss?: number }[];
  readonly steps: number;
  readonly tokens: number;
  /** That training took. */
  readonly elapsedSeconds?: number;
  /** The adapter's name as WebGPU reports it. */
  readonly device: string;
  readonly webLoraVersion: string;
}

/** The README.md that goes with an adapter: YAML front matter as the hub reads it, then Markdown. */
export function writeModelCard(facts: ModelCardFacts): string {
  return [
    frontMatter(facts),
    `# ${oneLine(facts.title)}`,
    '',
    `A LoRA adapter for ${baseLink(facts)}, trained with WebLoRA ${facts.webLoraVersion} on the owner's device ` +
      `(${oneLine(facts.device)}): ${facts.steps} updates over ${facts.tokens} tokens.`,
    '',
    ...resultsSection(facts),
    ...curveSection(facts),
    ...usageSection(facts),
    ...elsewhereSection(facts),
    ...dataSection(facts),
    '## Settings',
    '',
    ...table(['setting', 'value'], [...facts.settings, ['base format in training', facts.base.format]]),
    '',
    ...baseFacts(facts),
    '',
    ...governanceSection(facts, table),
    '## To make it again',
    '',
    'With the data named above beside it, `weblora train --config run.json --out another-folder` repeats the run: `run.json`',
    'holds every setting, the seed, the versions and the device. The same device gives the same adapter, bit for bit.',
    '',
  ].join('\n');
}

/** What the card of a merged model tells. */
export interface MergedCardFacts extends Pick<ModelCardFacts, 'title' | 'licence' | 'systemPrompt' | 'webLoraVersion'> {
  readonly base: Omit<ModelCardFacts['base'], 'format'> & {
    /** How its weights were read. */
    readonly weights: string;
  };
  /** sha256 of the adapter's weights as PEFT stores them. */
  readonly adapterSha256: string;
}

/** The README.md of a model with an adapter merged in. */
export function writeMergedCard(facts: MergedCardFacts): string {
  const { title, base, licence, systemPrompt, adapterSha256, webLoraVersion } = facts;
  return [
    ...['---', 'library_name: transformers', 'pipeline_tag: text-generation'],
    ...(base.hubId === undefined ? [] : [`base_model: ${JSON.stringify(base.hubId)}`, 'base_model_relation: finetune']),
    ...['tags:', '  - lora', '  - web-lora', ...licenceLines(licence), '---', ''],
    ...[`# ${oneLine(title)}`, ''],
    `${baseLink(facts)} with a LoRA adapter merged in by WebLoRA ${webLoraVersion}.`,
    '',
    ...baseFacts(facts).slice(0, 1),
    `It was merged into these weights: ${oneLine(base.weights)}. The adapter's weights have sha256 \`${adapterSha256}\`.`,
    '',
    ...(systemPrompt === undefined
      ? []
      : ['It was trained with this system prompt, and needs it:', '', ...fenced(systemPrompt), '']),
  ].join('\n');
}

/** The base to the bit: no other does. */
function baseFacts({ base }: { readonly base: Omit<ModelCardFacts['base'], 'format'> }): string[] {
  const revision = base.revision === undefined ? '' : ` at revision \`${oneLine(base.revision)}\``;
  const licence = base.licence === undefined ? 'its files name no licence' : `licence: ${oneLine(base.licence)}`;
  return [
    `The base is \`${oneLine(base.hubId ?? shownName(base.name))}\`${revision}, sha256 of its weights \`${base.sha256}\`; ${licence}.`,
    'The adapter fits no other base model.',
  ];
}

/** A data set of the hub. */
const hubDataset = (source: string): string | undefined => /^hf:([\w.-]+\/[\w.-]+)$/.exec(source.trim())?.[1];

/** The hub knows licences by short names; any other is `other` with a name. */
function licenceLines(licence: string | undefined): string[] {
  if (licence === undefined)
    return ['# license: choose one before you publish, and mind those of the base model and the data'];
  const name = oneLine(licence);
  return /^[a-z0-9][a-z0-9.+-]*$/.test(name)
    ? [`license: ${name}`]
    : ['license: other', `license_name: ${JSON.stringify(name)}`];
}

function frontMatter({ base, licence, dataSource = '' }: ModelCardFacts): string {
  const lines = ['---', 'library_name: peft', 'pipeline_tag: text-generation'];
  if (base.hubId !== undefined) lines.push(`base_model: ${JSON.stringify(base.hubId)}`, 'base_model_relation: adapter');
  lines.push('tags:', '  - lora', '  - peft', '  - web-lora');
  lines.push(...licenceLines(licence));
  const dataset = hubDataset(dataSource);
  if (dataset !== undefined) lines.push('datasets:', `  - ${JSON.stringify(dataset)}`);
  lines.push('---', '');
  return lines.join('\n');
}

function baseLink({ base }: { readonly base: Pick<ModelCardFacts['base'], 'hubId' | 'name'> }): string {
  return base.hubId === undefined
    ? `the model \`${oneLine(base.hubId ?? shownName(base.name))}\``
    : `[${base.hubId}](https://huggingface.co/${base.hubId})`;
}

function resultsSection({ results }: ModelCardFacts): string[] {
  if (results.length === 0) return [];
  const rows = results.map(({ measure, base, tuned }) => [
    measure,
    base === undefined ? '' : digits(base),
    digits(tuned),
  ]);
  return ['## Results', '', ...table(['measure', 'base model', 'with this adapter'], rows), ''];
}

function usageSection({ base, systemPrompt }: ModelCardFacts): string[] {
  const revision = base.revision === undefined ? '' : `, revision=${JSON.stringify(base.revision)}`;
  const lines = [
    '## How to use it',
    '',
    'In WebLoRA: drop this folder on the page, or `weblora generate --model … --adapter …`. In Python:',
    '',
    '```python',
    'from peft import PeftModel',
    'from transformers import AutoModelForCausalLM, AutoTokenizer',
    '',
    `base = ${JSON.stringify(base.hubId ?? 'path/to/the/base/model')}`,
    `tokenizer = AutoTokenizer.from_pretrained(base${revision})`,
    `model = AutoModelForCausalLM.from_pretrained(base${revision})`,
    'model = PeftModel.from_pretrained(model, "path/to/this/folder")',
    '```',
    '',
  ];
  if (systemPrompt !== undefined) {
    lines.push('It was trained with this system prompt, and needs it:', '', ...fenced(systemPrompt), '');
  }
  return lines;
}

function curveSection({ curve = [] }: ModelCardFacts): string[] {
  if (curve.length === 0) return [];
  const cell = (value: number | undefined): string => (value === undefined ? '' : digits(value));
  const rows = curve.map(({ step, loss, heldOutLoss }) => [step, cell(loss), cell(heldOutLoss)]);
  return ['## Curve', '', ...table(['update', 'training loss', 'held-out loss'], rows), ''];
}

/** The other programs, each by what it takes. */
function elsewhereSection({ title, base, systemPrompt, settings, ollama }: ModelCardFacts): string[] {
  const name = /^[\w.-]+$/.test(title) ? title : 'adapter';
  const merged = `${name}-merged.gguf`;
  // llama.cpp has no DoRA: it takes the merged model.
  const isDora = settings.some(([setting, value]) => setting === 'method' && value === 'dora');
  const paths: Readonly<Record<OtherProgram['format'], string>> = {
    peft: 'path/to/this/folder',
    gguf: `${name}.gguf`,
    mlx: `${name}-mlx`,
    merged: `${name}-merged`,
    'merged-gguf': merged,
  };
  const rows = new Map<string, string[]>();
  for (const { program, format, use } of OTHER_PROGRAMS) {
    if (rows.has(program) || (isDora && format === 'gguf')) continue;
    const path = paths[format];
    const made =
      format === 'peft' ? 'this folder' : `\`weblora export --adapter ${paths.peft} --to ${format} --out ${path}\``;
    const names = { path, name, base: { hub: base.hubId ?? 'BASE', gguf: 'BASE.gguf' } };
    rows.set(program, [program, made, `\`${use(names)}\``]);
  }
  return [
    '### In other programs',
    '',
    '`weblora export` writes this adapter for them; golden prompts with the expected answers come along.',
    '',
    ...table(['program', 'export', 'use'], [...rows.values()]),
    '',
    ...(systemPrompt === undefined
      ? []
      : ['The system prompt goes with every conversation: `-sys` of llama-cli, `--system-prompt` of mlx_lm.', '']),
    'LM Studio takes no adapters, only the merged model. For Ollama, `weblora export` writes this `Modelfile` beside the merged GGUF; its',
    'own importer takes a folder of safetensors as `ADAPTER` for llama and gemma2 only, a GGUF works for every architecture.',
    ...(ollama?.template === undefined ? ['Without `TEMPLATE` Ollama reads the chat template of the file.'] : []),
    '',
    ...fenced(modelfile(merged, ollama ?? { stops: [] }, systemPrompt).trimEnd()),
    '',
  ];
}

function dataSection({ data, dataSource, dataLicence }: ModelCardFacts): string[] {
  const dataset = hubDataset(dataSource ?? '');
  const source =
    dataset === undefined
      ? oneLine(dataSource ?? 'not stated')
      : `[${dataset}](https://huggingface.co/datasets/${dataset})`;
  const rows = data.map(({ role, fileName, sha256, rows: count, skippedRows }) => [
    role,
    fileName,
    count,
    skippedRows,
    sha256,
  ]);
  return [
    '## Data',
    '',
    `Where it comes from: ${source}. Its licence: ${oneLine(dataLicence ?? 'not stated')}.`,
    '',
    ...table(['used for', 'file', 'rows', 'rows left out', 'sha256'], rows),
    '',
  ];
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string[] {
  const line = (cells: readonly (string | number)[]) =>
    `| ${cells.map((cell) => oneLine(String(cell)).replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}

/** A fence longer than any run of backticks inside. */
function fenced(text: string): string[] {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return [`${fence}text`, text, fence];
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}

function digits(value: number): string {
  return String(Number(value.toPrecision(4)));
}
