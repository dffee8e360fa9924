/**
 * What costly or lying files cost: prints a table of processor seconds (not the clock's, so that a busy machine changes
 * little) of reading each, without making it, and of the process's highest memory until then. `npx tsx scripts/check/costs.ts [name…]`; docs/checks.md has the figures.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { strToU8, unzipSync, zipSync } from 'fflate';
import { utils, write } from '@e965/xlsx';
import { WebLoraError } from '../../src/errors.ts';
import { renderTemplate } from '../../models/chat-template/jinja/interpreter.ts';
import { parseTemplate } from '../../models/chat-template/jinja/parser.ts';
import { makeModel } from '../../models/families/index.ts';
import { loadTokenizer } from '../../models/tokenizer/tokenizer.ts';
import { answers } from '../../src/objectives/sft.ts';
import { readDataRows } from '../../src/data/read-rows.ts';
import { parseSettingsFile } from '../../src/settings/settings-file.ts';

const EMBEDDED = join(import.meta.dirname, '..', '..', 'models', 'embedded', 'model');
const text = (name: string): string => readFileSync(join(EMBEDDED, name), 'utf8');
const tokenizer = loadTokenizer({
  tokenizerJson: text('tokenizer.json'),
  tokenizerConfig: text('tokenizer_config.json'),
});

const MB = 1e6;
const QUESTION = 'When is the shop open on a Sunday in the summer?';
const ANSWER = 'From ten to four, "if the weather" is good, says the sign, and else not at all.';
const csv = (bytes: number): Uint8Array => {
  const row = `"${QUESTION}","${ANSWER.replaceAll('"', '""')}"\n`;
  return strToU8(`question,answer\n${row.repeat(Math.ceil(bytes / row.length))}`);
};
const jsonl = (bytes: number): Uint8Array => {
  const row = `${JSON.stringify({ question: QUESTION, answer: ANSWER })}\n`;
  return strToU8(row.repeat(Math.ceil(bytes / row.length)));
};
const rows = (count: number): string[][] => [
  ['question', 'answer'],
  ...Array.from({ length: count }, (_, i) => [`${QUESTION} ${i}`, ANSWER]),
];
const xlsx = (count: number): Uint8Array =>
  new Uint8Array(
    write(
      { SheetNames: ['s'], Sheets: { s: utils.aoa_to_sheet(rows(count)) } },
      { type: 'array', compression: true },
    ) as ArrayBuffer,
  );
/** A workbook whose sheet is this XML. */
const sheetOf = (xml: Uint8Array): Uint8Array =>
  zipSync({ ...unzipSync(xlsx(1)), 'xl/worksheets/sheet1.xml': xml }, { level: 1 });
const sheet = (xml: string): Uint8Array => sheetOf(strToU8(xml));
const rowsXml = (from: number, count: number): string =>
  Array.from({ length: count }, (_, i) => {
    const at = from + i;
    const cell = (column: string, text: string): string =>
      `<c r="${column}${at}" t="inlineStr"><is><t>${text}</t></is></c>`;
    return `<row r="${at}">${cell('A', at === 1 ? 'question' : `${QUESTION} ${at}`)}${cell('B', at === 1 ? 'answer' : 'Yes.')}</row>`;
  }).join('');
/** A sheet of questions and answers as XML. */
const rowsSheet = (count: number): Uint8Array =>
  sheet(`<worksheet><sheetData>${rowsXml(1, count)}</sheetData></worksheet>`);
/** So many bytes of XML that is packed to some hundredth, as cells are. */
const largeSheet = (bytes: number): Uint8Array => {
  const piece = strToU8(rowsXml(1, 10_000));
  const xml = new Uint8Array(bytes).fill(0x20);
  for (let at = 0; at + piece.length < bytes; at += piece.length) xml.set(piece, at);
  xml.set(strToU8('<worksheet><sheetData>'.padEnd(64)));
  return sheetOf(xml);
};
const prepare = async (bytes: Uint8Array, name: string): Promise<unknown> => {
  const read = await readDataRows(bytes, name);
  return answers.prepare(read.rows, tokenizer, {
    file: name,
    seqLen: 512,
    contextLength: 512,
    vocabSize: 1e6,
    lossOn: 'completion',
    withQuestions: false,
  });
};
const template = (source: string): unknown => renderTemplate(parseTemplate(source), { variables: new Map() });
const messages = (count: number): Uint8Array =>
  strToU8(
    JSON.stringify({
      messages: Array.from({ length: count }, (_, i) => ({
        role: i % 2 ? 'assistant' : 'user',
        content: i % 2 ? ANSWER : QUESTION,
      })),
    }),
  );

/** Makes a file of data; what it returns reads it. */
const reading = (make: () => Uint8Array, name: string) => (): (() => unknown) => {
  const bytes = make();
  return () => readDataRows(bytes, name);
};

/** Each makes its input, and returns what is measured. */
const CASES: Readonly<Record<string, () => () => unknown>> = {
  'CSV, 10 MB': reading(() => csv(10 * MB), 'a.csv'),
  'CSV, 20 MB': reading(() => csv(20 * MB), 'a.csv'),
  'JSONL, 10 MB': reading(() => jsonl(10 * MB), 'a.jsonl'),
  'JSONL, 20 MB': reading(() => jsonl(20 * MB), 'a.jsonl'),
  'xlsx, 70,000 rows': reading(() => xlsx(70_000), 'a.xlsx'),
  'xlsx, 140,000 rows': reading(() => xlsx(140_000), 'a.xlsx'),
  'CSV, 100,000 columns': reading(
    () => strToU8(`${Array.from({ length: 1e5 }, (_, i) => `c${i}`).join()}\n${'x,'.repeat(99_999)}y\n`),
    'a.csv',
  ),
  'CSV, 100 kB of blanks behind a question mark': reading(
    () => strToU8(`a,b\nWhy?${' '.repeat(1e5)}x,Because\n`.repeat(3)),
    'a.csv',
  ),
  'a row of 2 MB of words': () => () =>
    prepare(strToU8(JSON.stringify({ question: 'a', answer: 'word '.repeat(4e5) })), 'a.jsonl'),
  'a conversation of 100 messages': () => () => prepare(messages(100), 'a.jsonl'),
  'a conversation of 200 messages': () => () => prepare(messages(200), 'a.jsonl'),
  'xlsx, 900,000 cells': reading(() => rowsSheet(450_000), 'a.xlsx'),
  'xlsx, 2 million cells': reading(() => rowsSheet(1_000_000), 'a.xlsx'),
  'a sheet of 400 MB of blanks': reading(() => sheetOf(new Uint8Array(4e8).fill(0x20)), 'a.xlsx'),
  'a sheet of 400 MB of cells': reading(() => largeSheet(4e8), 'a.xlsx'),
  'a sheet of 190 MB of cells': reading(() => largeSheet(1.9e8), 'a.xlsx'),
  'a sheet with a cell at XFD1048576': reading(
    () => sheet('<worksheet><sheetData><row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>'),
    'a.xlsx',
  ),
  'a template with nested loops': () => () =>
    template('{% for i in range(99999) %}{% for j in range(99999) %}x{% endfor %}{% endfor %}'),
  'a template with a Fibonacci macro': () => () =>
    template('{% macro f(n) %}{% if n > 1 %}{{ f(n - 1) }}{{ f(n - 2) }}{% endif %}{% endmacro %}{{ f(90) }}'),
  'a template that doubles a text': () => () =>
    template(
      '{% set ns = namespace(t="ab") %}{% for i in range(60) %}{% set ns.t = ns.t + ns.t %}{% endfor %}{{ ns.t }}',
    ),
  'a config with 1e9 layers': () => () =>
    makeModel({ ...(JSON.parse(text('config.json')) as Record<string, unknown>), num_hidden_layers: 1e9 }),
  'a YAML file of aliases': () => () =>
    parseSettingsFile(
      'a.yaml',
      `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghij'
        .split('')
        .map((n, i) => `${n}: &${n} [${Array.from({ length: 9 }, () => `*${'abcdefghij'[i]}`).join()}]`)
        .join('\n')}\n`,
    ),
  'a YAML file that holds itself': () => () => parseSettingsFile('a.yaml', 'a: &a\n  b: *a\n'),
  'JSON, a million brackets deep': reading(() => strToU8(`{"question":${'['.repeat(1e6)}`), 'a.jsonl'),
};

const wanted = process.argv.slice(2);
for (const [name, make] of Object.entries(CASES)) {
  if (wanted.length > 0 && !wanted.some((part) => name.includes(part))) continue;
  const run = make();
  const before = process.cpuUsage();
  let outcome = 'read';
  try {
    await run();
  } catch (thrown) {
    outcome =
      thrown instanceof WebLoraError || /Template/.test(thrown?.constructor.name ?? '')
        ? `refused: ${(thrown as Error).message.slice(0, 90)}`
        : `DEFECT: ${String(thrown).slice(0, 120)}`;
  }
  const { user } = process.cpuUsage(before);
  const memory = process.resourceUsage().maxRSS / 1024;
  process.stdout.write(
    `| ${name.padEnd(46)} | ${(user / 1e6).toFixed(2).padStart(6)} s | ${Math.round(memory)} MiB | ${outcome} |\n`,
  );
}
