import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { GOLDEN_PROMPTS, type Golden } from '../../src/adapters/golden.ts';
import { readSafetensors, tensorToFloat32 } from '../../src/formats/safetensors.ts';
import { relativeError } from '../harness/compare.ts';
import { startUploadHub } from '../harness/hub-upload-server.ts';
import { ROOT, weblora } from './weblora.ts';

const TOY = join(ROOT, 'test', 'fixtures', 'toy-llama');
const MODEL = join(TOY, 'model');
const ADAPTER = join(TOY, 'adapter-random');
const folder = mkdtempSync(join(tmpdir(), 'weblora-export-'));

afterAll(() => rmSync(folder, { recursive: true }));

async function logits(name: string, args: readonly string[], tokens = '3,9,27,14'): Promise<Float32Array> {
  const out = join(folder, `${name}.safetensors`);
  const ended = await weblora(['logits', ...args, '--base', 'f32', '--tokens', tokens, '--out', out]);
  expect(ended.error).toBe(ended.status === 0 ? ended.error : '');
  const tensor = readSafetensors(readFileSync(out)).tensors.get('logits');
  if (tensor === undefined) throw new Error('no logits');
  return tensorToFloat32(tensor);
}

it('merges an adapter into a folder and into a GGUF, and measures what that costs', async () => {
  const wanted = await logits('adapter', ['--model', MODEL, '--adapter', ADAPTER]);
  const common = ['export', '--adapter', ADAPTER, '--model', MODEL, '--json', '--quiet'];
  const merged = join(folder, 'merged');
  const data = ['--eval-data', join(TOY, 'data.jsonl')];
  const ended = await weblora([...common, '--to', 'merged', '--out', merged, '--base', 'f32', ...data]);
  expect(ended.status, ended.stderr).toBe(0);
  const [record] = ended.records() as { base: { sha256: string }; evalLoss: { unmerged: number; merged: number } }[];
  expect(record).toMatchObject({ format: 'merged', out: merged, base: { name: MODEL, weights: 'f32, dequantised' } });
  expect(record?.base.sha256).toMatch(/^[0-9a-f]{64}$/);
  const { unmerged = NaN, merged: after = NaN } = record?.evalLoss ?? {};
  expect(after / unmerged).toBeCloseTo(1, 4);
  expect(readdirSync(merged)).toEqual(expect.arrayContaining(['config.json', 'model.safetensors', 'tokenizer.json']));
  const card = readFileSync(join(merged, 'README.md'), 'utf8');
  expect(card).toContain('It was merged into these weights: f32, dequantised.');
  expect(card).not.toContain(ROOT);
  const golden = JSON.parse(readFileSync(join(merged, 'golden.json'), 'utf8')) as Golden;
  expect(golden).toMatchObject({ format: 'weblora-golden/1', base: { name: 'model', precision: 'f32' } });
  expect(golden.prompts.map(({ prompt }) => prompt)).toEqual(GOLDEN_PROMPTS);
  const [first] = golden.prompts;
  if (first === undefined) throw new Error('no golden prompts');
  const all = await logits('golden', ['--model', MODEL, '--adapter', ADAPTER], first.ids.join());
  const last = all.subarray(all.length - all.length / first.ids.length);
  expect(
    relativeError(
      first.logits.tuned,
      Float32Array.from(first.logits.ids, (id) => last[id] ?? NaN),
    ),
  ).toBeLessThan(1e-4);
  expect(relativeError(first.logits.base, first.logits.tuned)).toBeGreaterThan(1e-3);
  expect(last.indexOf(Math.max(...last))).toBe(first.continuation[0]);
  expect(readFileSync(join(merged, 'CHECK.md'), 'utf8')).toContain(`Expected: ${JSON.stringify(first.text)}`);
  expect(relativeError(await logits('merged', ['--model', merged]), wanted)).toBeLessThan(3e-5);
  const gguf = join(folder, 'merged.gguf');
  const written = await weblora([...common, '--to', 'merged-gguf', '--type', 'f32', '--out', gguf, '--golden', 'off']);
  expect(written.status).toBe(0);
  expect(written.records()[0]?.['files']).toEqual(['merged.gguf', 'merged.Modelfile']);
  expect(readFileSync(join(folder, 'merged.Modelfile'), 'utf8')).toMatch(/^FROM \.\/merged\.gguf\n/);
  expect(relativeError(await logits('gguf', ['--model', gguf]), wanted)).toBeLessThan(3e-5);
  expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([]);
}, 600_000);

it('uploads an adapter when asked to, and nothing but its files', async () => {
  const hub = await startUploadHub('hf_cli');
  const run = join(folder, 'run');
  cpSync(ADAPTER, run, { recursive: true });
  mkdirSync(join(run, 'checkpoints'));
  for (const name of ['run.json', 'metrics.jsonl', 'train.jsonl']) writeFileSync(join(run, name), '{}');
  writeFileSync(join(run, 'README.md'), '---\nlicense: mit\nbase_model: org/base\n---\n# mine\n');
  const goes = ['README.md', 'adapter_config.json', 'adapter_model.safetensors'];
  const stays = ['checkpoints/', 'metrics.jsonl', 'run.json', 'train.jsonl'];
  const env = { HF_ENDPOINT: hub.url, HF_TOKEN: 'hf_cli' };
  const args = ['upload', run, '--repo', 'me/mine', '--json'];
  try {
    const dry = await weblora([...args, '--dry-run'], { env });
    expect(dry.records()).toMatchObject([{ files: goes, leftOut: stays, dryRun: true }]);
    const unsigned = await weblora(args, { env: { ...env, HF_TOKEN: '', HF_TOKEN_PATH: join(folder, 'none') } });
    expect(unsigned.status).toBe(1);
    expect(unsigned.error).toMatch(/^error\[access\]: upload: got no access token.*set it as HF_TOKEN/);
    expect(hub.seen).toEqual([]);
    const ended = await weblora(args, { env });
    expect(ended.status, ended.stderr).toBe(0);
    expect(ended.records()).toMatchObject([{ url: `${hub.url}/me/mine`, files: goes, leftOut: stays, notes: [] }]);
    expect(ended.stderr + ended.stdout).not.toContain('hf_cli');
    const made = hub.repositories.get('me/mine');
    expect(made?.visibility).toBe('private');
    expect([...(made?.files.keys() ?? [])].sort()).toEqual(goes);
    const taken = await weblora(args, { env });
    expect(taken.error).toMatch(/^error\[exists\]: upload to me\/mine: got a repository of that name/);
  } finally {
    await hub.close();
  }
});

it.each<[string, readonly string[], RegExp]>([
  ['a type of no format', ['--to', 'merged-gguf', '--type', 'q3_k'], /--type: got 'q3_k', wanted f16 or q8_0 or q4_0/],
  ['a type of a folder', ['--to', 'merged', '--type', 'f16'], /--to merged, which keeps the types of the base/],
  [
    'rows for an adapter’s format',
    ['--to', 'peft', '--eval-data', 'x'],
    /--eval-data: got --to peft, which merges nothing/,
  ],
  [
    'rows for a zip',
    ['--to', 'merged', '--out', 'a.zip', '--eval-data', 'x'],
    /--eval-data: got a merged model inside a zip/,
  ],
  [
    'examples for an adapter’s format',
    ['--to', 'mlx', '--include-data'],
    /--include-data: got --to mlx, which holds no examples/,
  ],
  [
    'a type for a run',
    ['--to', 'accelerate', '--type', 'f16'],
    /--type: got --to accelerate, which writes the run as it was/,
  ],
  [
    'prompts that are not computed',
    ['--to', 'peft', '--golden', 'off', '--golden-prompts', 'x'],
    /--golden-prompts: got --golden off beside it/,
  ],
  ['a path that exists', ['--to', 'merged', '--out', TOY], /something that exists/],
])('refuses %s', async (_, args, message) => {
  const out = args.includes('--out') ? [] : ['--out', join(folder, 'no')];
  const ended = await weblora(['export', '--adapter', ADAPTER, '--model', MODEL, ...args, ...out]);
  expect(ended.error).toMatch(message);
  expect(ended.status).toBe(message.source.includes('exists') ? 1 : 2);
});

it('refuses an adapter without its run for accelerate', async () => {
  const ended = await weblora(['export', '--adapter', ADAPTER, '--to', 'accelerate', '--out', join(folder, 'no')]);
  expect(ended.error).toBe(
    `error[file-not-found]: --adapter ${ADAPTER}: got no run.json there, wanted the folder of a run, finished or not; give the folder that weblora train wrote`,
  );
});

it('refuses an adapter of another model', async () => {
  const args = ['--adapter', ADAPTER, '--model', 'embedded', '--to', 'merged', '--out', join(folder, 'other')];
  const ended = await weblora(['export', ...args]);
  expect(ended.error).toMatch(
    /^error\[bad-adapter\]: adapter: layer .*choose the base model that the adapter was trained on/,
  );
  expect(readdirSync(folder)).not.toContain('other');
});
