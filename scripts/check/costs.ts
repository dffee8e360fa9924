/**
 * What costly or lying files cost: prints a table of processor seconds (not the clock's, so that a busy machine changes
 * little) and peak memory. `npx tsx scripts/check/costs.ts [name…]`; docs/checks.md has the figures.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { strToU8, zipSync } from 'fflate';
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
const sheet = (xml: string): Uint8Array => {
  const parts = { 'xl/workbook.xml': strToU8('<workbook/>'), 'xl/worksheets/sheet1.xml': strToU8(xml) };
  return zipSync(parts);
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

const CASES: Readonly<Record<string, () => unknown>> = {
  'CSV, 10 MB': () => readDataRows(csv(10 * MB), 'a.csv'),
  'CSV, 20 MB': () => readDataRows(csv(20 * MB), 'a.csv'),
  'JSONL, 10 MB': () => readDataRows(jsonl(10 * MB), 'a.jsonl'),
  'JSONL, 20 MB': () => readDataRows(jsonl(20 * MB), 'a.jsonl'),
  'xlsx, 70,000 rows': () => readDataRows(xlsx(70_000), 'a.xlsx'),
  'xlsx, 140,000 rows': () => readDataRows(xlsx(140_000), 'a.xlsx'),
  'CSV, 100,000 columns': () =>
    readDataRows(
      strToU8(`${Array.from({ length: 1e5 }, (_, i) => `c${i}`).join()}\n${'x,'.repeat(99_999)}y\n`),
      'a.csv',
    ),
  'CSV, 100 kB of blanks behind a question mark': () =>
    readDataRows(strToU8(`a,b\nWhy?${' '.repeat(1e5)}x,Because\n`.repeat(3)), 'a.csv'),
  'a row of 2 MB of words': () =>
    prepare(strToU8(JSON.stringify({ question: 'a', answer: 'word '.repeat(4e5) })), 'a.jsonl'),
  'a conversation of 100 messages': () => prepare(messages(100), 'a.jsonl'),
  'a conversation of 200 messages': () => prepare(messages(200), 'a.jsonl'),
  'a sheet of 400 MB of blanks': () => readDataRows(sheet(`<worksheet>${' '.repeat(4e8)}</worksheet>`), 'a.xlsx'),
  'a sheet with a cell at XFD1048576': () =>
    readDataRows(
      sheet('<worksheet><sheetData><row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>'),
      'a.xlsx',
    ),
  'a template with nested loops': () =>
    template('{% for i in range(99999) %}{% for j in range(99999) %}x{% endfor %}{% endfor %}'),
  'a template with a Fibonacci macro': () =>
    template('{% macro f(n) %}{% if n > 1 %}{{ f(n - 1) }}{{ f(n - 2) }}{% endif %}{% endmacro %}{{ f(90) }}'),
  'a template that doubles a text': () =>
    template(
      '{% set ns = namespace(t="ab") %}{% for i in range(60) %}{% set ns.t = ns.t + ns.t %}{% endfor %}{{ ns.t }}',
    ),
  'a config with 1e9 layers': () =>
    makeModel({ ...(JSON.parse(text('config.json')) as Record<string, unknown>), num_hidden_layers: 1e9 }),
  'a YAML file of aliases': () =>
    parseSettingsFile(
      'a.yaml',
      `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghij'
        .split('')
        .map((n, i) => `${n}: &${n} [${Array.from({ length: 9 }, () => `*${'abcdefghij'[i]}`).join()}]`)
        .join('\n')}\n`,
    ),
  'a YAML file that holds itself': () => parseSettingsFile('a.yaml', 'a: &a\n  b: *a\n'),
  'JSON, a million brackets deep': () => readDataRows(strToU8(`{"question":${'['.repeat(1e6)}`), 'a.jsonl'),
};

const wanted = process.argv.slice(2);
for (const [name, run] of Object.entries(CASES)) {
  if (wanted.length > 0 && !wanted.some((part) => name.includes(part))) continue;
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
