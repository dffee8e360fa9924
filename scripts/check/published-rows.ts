/**
 * Rows in every shape through published chat templates and tokenizers, against what transformers makes of them, by hand:
 * `npx tsx scripts/check/published-rows.ts DATA`. DATA and its results: docs/checks.md. The expected hashes are in
 * published-rows.json, from published_rows.py. Ends with status 1 when anything differs.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isJsonObject, type JsonObject } from '../../src/json.ts';
import { loadTokenizer } from '../../models/tokenizer/tokenizer.ts';
import { prepareExamples } from '../../src/data/prepare.ts';
import { readDataRows } from '../../src/data/read-rows.ts';
import { rowsOfKind } from '../../src/data/rows.ts';

interface Published {
  readonly template: string;
  readonly named?: string;
  readonly tokenizer: string;
  readonly config?: string;
  /** Whose words stand in for the model's own. */
  readonly words?: string;
  readonly changes?: JsonObject;
  readonly templateSha256: string;
  readonly tokenizerSha256: string;
  readonly tokens: Readonly<Record<string, string>>;
  readonly addedFromConfig?: boolean;
  readonly added?: readonly JsonObject[];
  readonly rows: readonly string[];
  readonly shown: Readonly<Record<string, readonly [ids: number[], labels: number[]]>>;
}

const [data] = process.argv.slice(2);
if (data === undefined) {
  process.stderr.write('usage: tsx scripts/check/published-rows.ts DATA\n');
  process.exit(2);
}
const folder = data;
const read = (file: string): string => readFileSync(join(folder, file), 'utf8');
const object = (text: string): JsonObject => {
  const value: unknown = JSON.parse(text);
  if (!isJsonObject(value)) throw new Error('no JSON object');
  return value;
};
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The template as its file has it: alone, in tokenizer_config.json, or in the list of published renderings. */
function templateOf({ template, named }: Published): string {
  if (template.endsWith('.jinja')) return read(template);
  if (named === undefined) return String(object(read(template))['chat_template']);
  const { cases } = JSON.parse(read(template)) as { cases: { name: string; template: string }[] };
  return cases.find(({ name }) => name === named)?.template ?? '';
}

/** tokenizer.json with the added tokens that published_rows.py took. */
function tokenizerOf({ tokenizer, config, changes = {}, added, addedFromConfig }: Published, text: string): string {
  const decoder = addedFromConfig === true && config !== undefined ? object(read(config))['added_tokens_decoder'] : {};
  const listed = Object.entries(isJsonObject(decoder) ? decoder : {}).map(([id, token]) => ({
    ...(isJsonObject(token) ? token : {}),
    id: Number(id),
  }));
  const own = object(text);
  if (own['model'] === undefined) throw new Error(`${tokenizer} has no model`);
  const tokens = added ?? (listed.length > 0 ? listed : own['added_tokens']);
  return JSON.stringify({ ...own, ...changes, added_tokens: tokens });
}

const here = import.meta.dirname;
const facts = JSON.parse(readFileSync(join(here, 'published-rows.json'), 'utf8')) as {
  now: string;
  shapes: string[];
  models: Record<string, Published>;
};
const { rows: given } = JSON.parse(
  readFileSync(join(here, '../../models/chat-template/fixtures/chat-rows.json'), 'utf8'),
) as { rows: object[] };
const file = new TextEncoder().encode(given.map((row) => JSON.stringify(row)).join('\n'));
const { rows } = await readDataRows(file, 'rows.jsonl');
const say = (line: string): void => void process.stdout.write(`${line}\n`);

let failures = 0;
for (const [name, model] of Object.entries(facts.models)) {
  if (!existsSync(join(folder, model.template)) || !existsSync(join(folder, model.tokenizer))) {
    failures += 1;
    say(`WRONG  ${name}: ${model.template} or ${model.tokenizer} is not there`);
    continue;
  }
  const [template, text] = [templateOf(model), read(model.tokenizer)];
  if (sha256(template) !== model.templateSha256 || sha256(text) !== model.tokenizerSha256) {
    failures += 1;
    say(`WRONG  ${name}: another version of ${model.template} or ${model.tokenizer}`);
    continue;
  }
  const tokenizer = loadTokenizer(
    {
      tokenizerJson: tokenizerOf(model, text),
      tokenizerConfig: model.config === undefined ? JSON.stringify(model.tokens) : read(model.config),
      chatTemplate: template,
    },
    { now: new Date(facts.now) },
  );
  const options = {
    file: 'rows.jsonl',
    seqLen: 8192,
    contextLength: 8192,
    vocabSize: 300_000,
    lossOn: 'completion',
  } as const;
  const prepared = prepareExamples(rowsOfKind(rows, 'example'), tokenizer, options);
  const examples = new Map(prepared.examples.map((example) => [example.line, example]));
  const behind = new Set(
    prepared.notes.filter((note) => note.text.includes('behind the prompt')).map(({ line }) => line),
  );
  const wrong: string[] = [];
  let [equal, asked, refused] = [0, 0, 0];
  rows.forEach(({ line }, i) => {
    const example = examples.get(line);
    const ids = JSON.stringify([[...(example?.ids ?? [])], [...(example?.labels ?? [])]]);
    const got = example === undefined ? 'refused' : `${behind.has(line) ? 'asked:' : ''}${sha256(ids).slice(0, 16)}`;
    const wanted = model.rows[i] ?? 'nothing';
    if (got !== wanted) {
      const reason = prepared.problems.find((problem) => problem.line === line)?.reason;
      wrong.push(
        `row ${line} (${facts.shapes[i % facts.shapes.length]}): wanted ${wanted}, got ${got} ${reason ?? ids.slice(0, 200)}`,
      );
    } else if (got === 'refused') refused += 1;
    else if (got.startsWith('asked:')) asked += 1;
    else equal += 1;
  });
  failures += wrong.length;
  const stand = model.words === undefined ? '' : `, words ${model.words}`;
  say(
    `${wrong.length === 0 ? 'ok    ' : 'WRONG '} ${name}: ${equal} equal, ${asked} behind their prompt, ${refused} refused${stand}`,
  );
  for (const each of wrong.slice(0, 5)) say(`  ${each}`);
}
say(failures === 0 ? 'all equal' : `${failures} differ`);
process.exit(failures === 0 ? 0 : 1);
