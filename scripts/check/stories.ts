/**
 * A real trained Llama through the terminal command, by hand: `npx tsx scripts/check/stories.ts DATA [CLI]`. DATA has
 * weights/stories260K and golden/stories260K_greedy.json (docs/checks.md); CLI is the built command, dist/cli.js.
 * Its greedy text, and the same logits from safetensors and from GGUFs that this script writes.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ggufTokenizerFiles } from '../../models/checkpoint/gguf/tokenizer.ts';
import { memorySource } from '../../src/formats/byte-source.ts';
import { openGguf } from '../../src/formats/gguf.ts';
import { readSafetensors, tensorToFloat32 } from '../../src/formats/safetensors.ts';
import { llamaGguf } from '../../test/harness/llama-gguf.ts';
import type { MetadataValue } from '../../test/harness/write-gguf.ts';

const [data, cli = join(import.meta.dirname, '..', '..', 'dist', 'cli.js')] = process.argv.slice(2);
if (data === undefined) {
  process.stderr.write('usage: tsx scripts/check/stories.ts DATA [CLI]\n');
  process.exit(2);
}
const hf = join(data, 'weights', 'stories260K', 'hf');
const golden = JSON.parse(readFileSync(join(data, 'golden', 'stories260K_greedy.json'), 'utf8')) as {
  text: string;
  token_ids: number[];
  argmax: number[];
  logits_first_8_positions: number[][];
};
const work = mkdtempSync(join(tmpdir(), 'weblora-stories-'));
let failures = 0;
function check(title: string, holds: boolean, detail = ''): void {
  if (!holds) failures += 1;
  process.stdout.write(`${holds ? 'ok    ' : 'WRONG '} ${title}${detail === '' ? '' : `: ${detail}`}\n`);
}

function weblora(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`weblora ${args.join(' ')}: ${stderr}`);
  return stdout;
}

const VOCABULARY = 512;
/** llama2.c's tokenizer.bin: the longest token's bytes, then score (f32), length (i32) and bytes of each. */
function readTokenizer(path: string): Record<string, MetadataValue> {
  const bytes = readFileSync(path);
  const tokens: string[] = [];
  const scores: number[] = [];
  for (let at = 4; tokens.length < VOCABULARY;) {
    scores.push(bytes.readFloatLE(at));
    const length = bytes.readInt32LE(at + 4);
    // It has plain spaces where SentencePiece, and so GGUF, has its sign.
    tokens.push(bytes.toString('utf8', at + 8, at + 8 + length).replaceAll(' ', '▁'));
    at += 8 + length;
  }
  tokens.splice(0, 3, '<unk>', '<s>', '</s>');
  return {
    'tokenizer.ggml.model': 'llama',
    'tokenizer.ggml.tokens': { strings: tokens },
    'tokenizer.ggml.scores': { f32s: scores },
    'tokenizer.ggml.token_type': {
      i32s: tokens.map((token, id) => (id === 0 ? 2 : id < 3 ? 3 : /^<0x..>$/.test(token) ? 6 : 1)),
    },
    'tokenizer.ggml.bos_token_id': { u32: 1 },
    'tokenizer.ggml.eos_token_id': { u32: 2 },
    'tokenizer.ggml.unknown_token_id': { u32: 0 },
  };
}

const IDS = golden.token_ids.slice(0, 64);
function logits(model: string, ...flags: string[]): Float32Array {
  const out = join(work, 'logits.safetensors');
  weblora('logits', '--model', model, '--tokens', IDS.join(), '--out', out, '--quiet', ...flags);
  const tensor = readSafetensors(readFileSync(out)).tensors.get('logits');
  if (tensor === undefined) throw new Error('no logits');
  return tensorToFloat32(tensor).slice();
}

function sameBits(title: string, got: Float32Array, wanted: Float32Array): void {
  const differ = got.reduce((count, value, i) => (Object.is(value, wanted[i]) ? count : count + 1), 0);
  check(title, differ === 0 && got.length === wanted.length, `${differ} of ${wanted.length} logits differ`);
}

/** Largest difference over the largest magnitude. */
function relative(got: ArrayLike<number>, wanted: readonly number[]): number {
  const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return wanted.reduce((most, value, i) => Math.max(most, Math.abs(value - (got[i] ?? NaN))), 0) / largest;
}

try {
  const vocabulary = readTokenizer(join(data, 'weights', 'stories260K', 'tok512.bin'));
  const files = Object.fromEntries(
    (['F32', 'F16', 'BF16', 'Q8_0'] as const).map((type) => {
      const path = join(work, `stories260K-${type}.gguf`);
      writeFileSync(path, llamaGguf(hf, type, vocabulary));
      return [type, path] as const;
    }),
  ) as Record<'F32' | 'F16' | 'BF16' | 'Q8_0', string>;
  // The folder has no tokenizer.json: it gets the one the GGUF's vocabulary becomes.
  const folder = join(work, 'hf');
  cpSync(hf, folder, { recursive: true });
  const made = ggufTokenizerFiles(await openGguf(memorySource('stories', readFileSync(files.F32))));
  if (made === undefined) throw new Error('no vocabulary');
  writeFileSync(join(folder, 'tokenizer.json'), made.tokenizerJson);
  writeFileSync(join(folder, 'tokenizer_config.json'), made.tokenizerConfig ?? '{}');

  const newTokens = golden.token_ids.length - 1;
  for (const [title, model, ...flags] of [
    ['safetensors in f32', folder, '--base', 'f32'],
    ['GGUF F32', files.F32],
  ] as const) {
    const line = weblora(
      'generate',
      '--model',
      model,
      '--prompt',
      '',
      '--raw',
      '--max-new-tokens',
      String(newTokens),
      '--json',
      '--quiet',
      ...flags,
    );
    const { text, tokens } = JSON.parse(line.trim().split('\n').at(-1) ?? '') as { text: string; tokens: number[] };
    check(
      `greedy text of ${newTokens} tokens, ${title}`,
      text.trim() === golden.text.trim(),
      `${text.length} characters`,
    );
    check(`greedy token ids, ${title}`, tokens.join() === golden.token_ids.slice(1).join());
  }
  const plain = logits(folder, '--base', 'f32');
  const first = golden.logits_first_8_positions.map((row, i) => relative(plain.subarray(i * VOCABULARY), row));
  check(
    'logits of 8 positions against numpy in f64',
    Math.max(...first) <= 3e-5,
    `${Math.max(...first).toExponential(1)} of the largest`,
  );
  sameBits('GGUF F32 equals safetensors in f32', logits(files.F32), plain);
  sameBits('GGUF F16 equals safetensors in f16', logits(files.F16), logits(folder, '--base', 'f16'));
  sameBits('GGUF BF16 equals safetensors in bf16', logits(files.BF16), logits(folder, '--base', 'bf16'));
  sameBits(
    'GGUF Q8_0 opened with --base q8 equals safetensors in q8',
    logits(files.Q8_0, '--base', 'q8'),
    logits(folder, '--base', 'q8'),
  );
  // 172 columns are no whole blocks, so down_proj stays F32 in the file, where q8 has a short last group.
  const stored = relative(logits(files.Q8_0), [...plain]);
  check('GGUF Q8_0 as the file has it is near f32', stored < 0.03, `${stored.toExponential(1)} of the largest`);
} finally {
  rmSync(work, { recursive: true });
}
process.exit(failures === 0 ? 0 : 1);
