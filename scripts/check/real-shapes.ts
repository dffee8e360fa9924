/**
 * The shapes of real models with random weights, through the terminal command, by hand:
 * `npx tsx scripts/check/real-shapes.ts [NAME] [CLI]`. NAME is one of SHAPES, CLI the built command (dist/cli.js).
 * `… NAME --write FOLDER` only writes the model into a new folder, e.g. for `weblora bench --model FOLDER`.
 * Writes a checkpoint in sharded bf16 safetensors to the system's temporary folder, plans a run, decodes 16 tokens, makes
 * one training step, and compares plan and memory with their bounds. Results: docs/checks.md. Status 1 when one is missed.
 */
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeModel } from '../../models/index.ts';
import { countElems } from '../../src/formats/safetensors.ts';

interface Shape {
  readonly config: Readonly<Record<string, unknown>>;
  /** Most that a run at T=512, batch 1, rank 16, all-linear may take. */
  readonly planBytes: number;
}

const COMMON = {
  attention_dropout: 0,
  hidden_act: 'silu',
  rope_scaling: null,
  tie_word_embeddings: true,
  torch_dtype: 'bfloat16',
  use_cache: true,
};
const SHAPES: Readonly<Record<string, Shape>> = {
  'SmolLM2-135M': {
    planBytes: 0.28e9,
    config: {
      ...COMMON,
      architectures: ['LlamaForCausalLM'],
      model_type: 'llama',
      attention_bias: false,
      bos_token_id: 1,
      eos_token_id: 2,
      hidden_size: 576,
      initializer_range: 0.041666666666666664,
      intermediate_size: 1536,
      max_position_embeddings: 8192,
      mlp_bias: false,
      num_attention_heads: 9,
      num_hidden_layers: 30,
      num_key_value_heads: 3,
      pretraining_tp: 1,
      rms_norm_eps: 1e-5,
      rope_theta: 100000,
      vocab_size: 49152,
    },
  },
  'Qwen2.5-0.5B': {
    planBytes: 0.7e9,
    config: {
      ...COMMON,
      architectures: ['Qwen2ForCausalLM'],
      model_type: 'qwen2',
      bos_token_id: 1,
      eos_token_id: 2,
      hidden_size: 896,
      initializer_range: 0.02,
      intermediate_size: 4864,
      max_position_embeddings: 32768,
      max_window_layers: 21,
      num_attention_heads: 14,
      num_hidden_layers: 24,
      num_key_value_heads: 2,
      rms_norm_eps: 1e-6,
      rope_theta: 1000000,
      use_sliding_window: false,
      vocab_size: 151936,
    },
  },
};
const SHARD_BYTES = 200e6;
const HEAP_ALLOWANCE = 200e6;
const EMBEDDED = join(import.meta.dirname, '..', '..', 'models', 'embedded', 'model');
const TOKENIZER_FILES = ['tokenizer.json', 'tokenizer_config.json', 'chat_template.jinja'];

const [name = 'SmolLM2-135M', cli = join(import.meta.dirname, '..', '..', 'dist', 'cli.js'), folder] =
  process.argv.slice(2);
const shape = SHAPES[name];
if (shape === undefined) {
  process.stderr.write(
    `usage: tsx scripts/check/real-shapes.ts [${Object.keys(SHAPES).join('|')}] [CLI | --write FOLDER]\n`,
  );
  process.exit(2);
}
const work = mkdtempSync(join(tmpdir(), 'weblora-shapes-'));
const isWriting = cli === '--write' && folder !== undefined;
const model = isWriting ? folder : join(work, 'model');
let failures = 0;
function check(title: string, bytes: number, atMost: number): void {
  const holds = bytes <= atMost;
  if (!holds) failures += 1;
  const [got, most] = [bytes, atMost].map((value) => `${(value / 1e6).toFixed(1)} MB`);
  process.stdout.write(`${holds ? 'ok    ' : 'MISSED'} ${title}: ${got ?? ''}, at most ${most ?? ''}\n`);
}

/** Small weights of either sign; norms are 1. */
function randomHalves(count: number, isNorm: boolean, next: () => number): Uint8Array {
  const halves = new Uint16Array(count);
  // bf16: exponent of 2^-7, random sign and mantissa.
  for (let i = 0; i < count; i += 1) halves[i] = isNorm ? 0x3f80 : 0x3c00 | (next() & 0x807f);
  return new Uint8Array(halves.buffer);
}

function xorshift(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state;
  };
}

/** The checkpoint, tensor by tensor. @returns bytes of the largest tensor */
function writeCheckpoint(config: Shape['config']): number {
  const { weights } = makeModel(config);
  const shards: (typeof weights)[number][][] = [[]];
  let filled = 0;
  for (const spec of weights) {
    const bytes = countElems(spec.shape) * 2;
    if (filled > 0 && filled + bytes > SHARD_BYTES) {
      shards.push([]);
      filled = 0;
    }
    shards.at(-1)?.push(spec);
    filled += bytes;
  }
  const next = xorshift(7);
  const map: Record<string, string> = {};
  for (const [index, specs] of shards.entries()) {
    const file = `model-${String(index + 1).padStart(5, '0')}-of-${String(shards.length).padStart(5, '0')}.safetensors`;
    let end = 0;
    const entries = specs.map(({ name: tensor, shape: dims }) => {
      map[tensor] = file;
      const begin = end;
      end += countElems(dims) * 2;
      return [tensor, { dtype: 'BF16', shape: dims, data_offsets: [begin, end] }];
    });
    const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
    const length = new Uint8Array(8);
    new DataView(length.buffer).setBigUint64(0, BigInt(json.byteLength), true);
    const handle = openSync(join(model, file), 'w');
    for (const bytes of [length, json]) writeSync(handle, bytes);
    for (const { name: tensor, shape: dims } of specs)
      writeSync(handle, randomHalves(countElems(dims), tensor.endsWith('norm.weight'), next));
    closeSync(handle);
  }
  writeFileSync(join(model, 'config.json'), JSON.stringify(config));
  writeFileSync(join(model, 'model.safetensors.index.json'), JSON.stringify({ metadata: {}, weight_map: map }));
  for (const file of TOKENIZER_FILES) copyFileSync(join(EMBEDDED, file), join(model, file));
  return Math.max(...weights.map(({ shape: dims }) => countElems(dims) * 2));
}

/** Samples the process's JavaScript memory from start to end, array buffers outside the heap included. */
const MEASURE = `
import { writeFileSync } from 'node:fs';
let peak = 0;
const sample = () => {
  const { heapUsed, external } = process.memoryUsage();
  peak = Math.max(peak, heapUsed + external);
};
setInterval(sample, 2).unref();
process.on('exit', () => { sample(); writeFileSync(process.env.WEBLORA_PEAK, String(peak)); });
`;

/** @returns its lines of JSON, the peak of its JavaScript memory, and its seconds */
function weblora(...args: string[]): { lines: Record<string, unknown>[]; peak: number; seconds: number } {
  const [measure, peakFile] = [join(work, 'measure.mjs'), join(work, 'peak')];
  writeFileSync(measure, MEASURE);
  const begin = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', measure, cli, ...args, '--json'], {
    encoding: 'utf8',
    env: { ...process.env, WEBLORA_PEAK: peakFile },
  });
  if (status !== 0) throw new Error(`weblora ${args.join(' ')}: ${stderr}`);
  const lines = stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { lines, peak: Number(readFileSync(peakFile, 'utf8')), seconds: (performance.now() - begin) / 1000 };
}

try {
  mkdirSync(model);
  const largest = writeCheckpoint(shape.config);
  if (isWriting) {
    rmSync(work, { recursive: true });
    process.exit(0);
  }
  const bound = largest + HEAP_ALLOWANCE;
  process.stdout.write(`${name}: largest tensor ${(largest / 1e6).toFixed(1)} MB\n`);

  const planned = weblora('plan', '--model', model, '--seq-len', '512', '--rank', '16');
  check('plan at T=512, batch 1, rank 16, all-linear', Number(planned.lines[0]?.['totalBytes']), shape.planBytes);
  process.stdout.write(`       ${JSON.stringify(planned.lines[0])}\n`);

  const said = weblora(
    'generate',
    '--model',
    model,
    '--context',
    '512',
    '--raw',
    '--prompt',
    'The',
    '--max-new-tokens',
    '16',
  );
  const { newTokens, decodeTokensPerSec } = said.lines[0] ?? {};
  check(
    `JavaScript memory, loading and decoding ${String(newTokens)} tokens (${said.seconds.toFixed(0)} s)`,
    said.peak,
    bound,
  );
  process.stdout.write(`       ${String(decodeTokensPerSec)} tokens/s\n`);

  const rows = join(work, 'rows.jsonl');
  writeFileSync(rows, `${JSON.stringify({ text: 'one two three four five six seven eight nine ten '.repeat(8) })}\n`);
  const step = ['--steps', '1', '--accumulate', '1', '--seq-len', '32', '--context', '512', '--rank', '16'];
  const trained = weblora('train', '--model', model, '--data', rows, '--out', join(work, 'run'), ...step);
  check(
    `JavaScript memory, loading and one training step at T=32 (${trained.seconds.toFixed(0)} s)`,
    trained.peak,
    bound,
  );
  const metrics = readFileSync(join(work, 'run', 'metrics.jsonl'), 'utf8').trim();
  process.stdout.write(`       ${metrics}\n`);
} finally {
  rmSync(work, { recursive: true, force: true });
}
process.exit(failures === 0 ? 0 : 1);
