/**
 * Generation beside wllama (llama.cpp in WebAssembly), by hand: `npx tsx scripts/peers/wllama.ts`. Both run in one Chromium,
 * one after the other, on one GGUF file of the built-in model in Q8_0, with the same prompts; both decode greedily, and their
 * answers are compared. Prints the rows that `weblora bench --suite prefill` and `decode` print, one a line as JSON. wllama's
 * WebGPU build comes first; where it refuses the adapter, its row says why, and its CPU build has one of its own.
 * Takes the Chromium of the tests, whose WebGPU is a software adapter.
 */
import { execFileSync } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, preview } from 'vite';
import { notMeasured, summarise, type BenchRow } from '../../src/bench/row.ts';
import { launchChromium } from '../../test/browser/chromium.ts';
import { llamaGguf } from '../../test/harness/llama-gguf.ts';
import type { MetadataValue } from '../../test/harness/write-gguf.ts';
import type { Answers, Asked, Backend } from './wllama-page.ts';

const root = join(import.meta.dirname, '..', '..');
const MODEL = join(root, 'models', 'embedded', 'model');
const ASKED: Omit<Asked, 'prompts'> = { gguf: './model.gguf', newTokens: 32, context: 512 };
const ROUNDS = 6;
/** Words of the built-in model's own vocabulary; about as many tokens. */
const WORDS =
  'the shop sends a small red bag to the old town and the new one near the river with a note for each person'.split(
    ' ',
  );
const PROMPT_WORDS = 120;

/** Prompts that differ from their first word on, so that no cache can help. */
const prompts = Array.from({ length: ROUNDS }, (_, round) =>
  Array.from({ length: PROMPT_WORDS }, (_unused, i) => WORDS[(i * (round + 1) + round) % WORDS.length]).join(' '),
);

/** The tokenizer's tables as llama.cpp's converter writes them; `smollm` also takes digits one by one. */
async function tokenizerMetadata(): Promise<Record<string, MetadataValue>> {
  const { model, added_tokens: added } = JSON.parse(await readFile(join(MODEL, 'tokenizer.json'), 'utf8')) as {
    readonly model: { readonly vocab: Readonly<Record<string, number>>; readonly merges: readonly string[] };
    readonly added_tokens: readonly { readonly id: number; readonly content: string }[];
  };
  const tokens: string[] = [];
  for (const [token, id] of Object.entries(model.vocab)) tokens[id] = token;
  for (const { id, content } of added) tokens[id] = content;
  const special = new Set(added.map(({ id }) => id));
  return {
    'tokenizer.ggml.model': 'gpt2',
    'tokenizer.ggml.pre': 'smollm',
    'tokenizer.ggml.tokens': { strings: tokens },
    'tokenizer.ggml.token_type': { i32s: tokens.map((_, id) => (special.has(id) ? 3 : 1)) },
    'tokenizer.ggml.merges': { strings: model.merges },
    'tokenizer.ggml.bos_token_id': { u32: 0 },
    'tokenizer.ggml.eos_token_id': { u32: 4 },
    'tokenizer.ggml.add_bos_token': false,
  };
}

type About = Pick<BenchRow, 'impl' | 'adapter' | 'adapterKind' | 'beside' | 'runtime' | 'commit'>;

const PREFILL = `embedded GGUF Q8_0, ${PROMPT_WORDS} words`;
const DECODE = `embedded GGUF Q8_0, 1 at once, ${PROMPT_WORDS} words of past`;

/** What the page said, without the stack of its bundle. */
function reason(error: unknown): string {
  const [first = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  return first.replace(/^page\.evaluate: (Error: )?/, '');
}

function rowsOf({ answers }: Answers, about: About): BenchRow[] {
  const timed = answers.slice(1); // the first one warms up
  const rate = (tokens: (answer: Answers['answers'][number]) => number, ms: readonly number[]): number =>
    (timed.reduce((sum, answer) => sum + tokens(answer), 0) / ms.reduce((sum, each) => sum + each, 0)) * 1000;
  const prompt = timed.map(({ promptMs }) => promptMs);
  const decode = timed.map(({ decodeMs }) => decodeMs);
  const perToken = timed.map(({ decodeMs, decodedTokens }) => decodeMs / decodedTokens);
  return [
    {
      suite: 'prefill',
      case: PREFILL,
      ...about,
      ...summarise(prompt),
      tokensPerSec: rate(({ promptTokens }) => promptTokens, prompt),
      status: 'ok',
    },
    {
      suite: 'decode',
      case: DECODE,
      ...about,
      ...summarise(perToken),
      tokensPerSec: rate(({ decodedTokens }) => decodedTokens, decode),
      status: 'ok',
    },
  ];
}

const folder = await mkdtemp(join(tmpdir(), 'weblora-wllama-'));
const site = join(folder, 'site');
await build({
  configFile: false,
  root: import.meta.dirname,
  base: './',
  logLevel: 'error',
  publicDir: false,
  worker: { format: 'es' },
  build: { outDir: site, emptyOutDir: true, target: 'es2023', reportCompressedSize: false },
});
await writeFile(join(folder, 'model.gguf'), llamaGguf(MODEL, 'Q8_0', await tokenizerMetadata()));
await copyFile(join(folder, 'model.gguf'), join(site, 'model.gguf'));
// WebAssembly threads want a page that nothing of another origin can look into.
const headers = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };
const server = await preview({
  configFile: false,
  root: import.meta.dirname,
  logLevel: 'error',
  build: { outDir: site },
  preview: { port: 0, host: '127.0.0.1', headers },
});
const browser = await launchChromium();
const page = await browser.newPage();
page.setDefaultTimeout(600_000);
const runtime = `Chromium ${browser.version()}, ${process.platform} ${process.arch}, ${availableParallelism()} threads`;
const commit = execFileSync('git', ['-C', root, 'rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
const say = (row: BenchRow): void => void process.stdout.write(`${JSON.stringify(row)}\n`);
const asked: Asked = { ...ASKED, prompts };
let failed = false;
try {
  await page.goto(server.resolvedUrls?.local[0] ?? '');
  await page.waitForFunction(() => 'bench' in globalThis);
  const own = await page.evaluate((wanted) => globalThis.bench.ours(wanted), asked);
  const kind = own.isSoftware ? 'software' : 'gpu';
  for (const row of rowsOf(own, { impl: 'weblora', adapter: own.adapter, adapterKind: kind, runtime, commit }))
    say(row);
  for (const backend of ['webgpu', 'cpu'] as const satisfies readonly Backend[]) {
    const impl = backend === 'webgpu' ? 'wllama-webgpu' : 'wllama';
    const on = {
      adapter: backend === 'webgpu' ? own.adapter : 'cpu',
      beside: own.adapter,
      adapterKind: backend === 'webgpu' ? kind : 'cpu',
    } as const;
    try {
      const theirs = await page.evaluate(([wanted, by]) => globalThis.bench.wllama(wanted, by), [
        asked,
        backend,
      ] as const);
      const adapter = backend === 'webgpu' ? own.adapter : theirs.adapter;
      // Rounding may part two implementations sooner or later; where they begin apart, they do not compute the same.
      const same = theirs.answers.filter(
        ({ text }, i) => text.slice(0, 12) === own.answers[i]?.text.slice(0, 12),
      ).length;
      for (const row of rowsOf(theirs, { impl, ...on, adapter, runtime, commit }))
        say({ ...row, answersThatBeginAlike: `${same} of ${prompts.length}` });
    } catch (error) {
      for (const [suite, name] of [
        ['prefill', PREFILL],
        ['decode', DECODE],
      ] as const)
        say({ suite, case: name, impl, ...on, runtime, commit, status: notMeasured(reason(error)) });
      failed ||= backend === 'cpu';
    }
  }
  for (const impl of ['wllama-webgpu', 'wllama'])
    say({
      suite: 'decode',
      case: DECODE.replace('1 at once', '8 at once'),
      impl,
      adapter: own.adapter,
      adapterKind: kind,
      runtime,
      commit,
      status: 'not measured: wllama answers one prompt after the other',
    });
} finally {
  await browser.close();
  await server.close();
  await rm(folder, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);
