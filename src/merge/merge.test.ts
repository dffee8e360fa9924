import { describe, expect, it } from 'vitest';
import { openModel, type ModelFolder } from '../../models/checkpoint/open-model.ts';
import { relativeError } from '../../test/harness/compare.ts';
import { familyPrompt } from '../../test/harness/family-parity.ts';
import {
  doraAdapter,
  doraExpected,
  FAMILY_TOYS,
  familyAdapter,
  familyExpected,
  openFamilyToy,
  type FamilyToy,
} from '../../test/harness/family-toys.ts';
import { logitsOf } from '../../test/harness/logits.ts';
import { openRandomModel, randomAdapter } from '../../test/harness/random-model.ts';
import type { LoraAdapter, LoraModule } from '../adapters/adapter.ts';
import { adapterKind } from '../lora/kinds/index.ts';
import { memorySource } from '../formats/byte-source.ts';
import { makeMemoryStore } from '../storage/memory-store.ts';
import type { MergeRequest } from './format.ts';
import { mergedFormat, type MergedFormatName } from './index.ts';
import { writeMerged } from './merged.ts';
import { mergedRows } from './merged-weights.ts';
import { storeSink } from './sink.ts';

/** The files of an export, by name. */
async function exported(
  name: MergedFormatName,
  request: Omit<MergeRequest, 'modelCard'>,
  write = mergedFormat(name)?.write,
): Promise<ModelFolder> {
  const store = makeMemoryStore();
  const sink = storeSink(store, 'out');
  await write?.({ modelCard: '# card\n', ...request }, sink, 'merged.gguf');
  await sink.commit();
  const files = await store.list('out');
  const sources = files.map(
    async (file) => [file.name, memorySource(file.name, await store.read(`out/${file.name}`))] as const,
  );
  return { name: 'merged', files: new Map(await Promise.all(sources)) };
}

const CASES = FAMILY_TOYS.flatMap((family) =>
  (['lora', 'dora'] as const).map((kind) => ({
    family,
    kind,
    adapter: kind === 'lora' ? familyAdapter(family) : doraAdapter(family),
    expected: (kind === 'lora' ? familyExpected : doraExpected)(family, 'f32').tensor('adapter.logits'),
  })),
);

/** Toys with settings that llama.cpp takes for granted otherwise. */
const UNUSUAL: Readonly<Partial<Record<FamilyToy, RegExp>>> = {
  gemma3: /^GGUF: llama.cpp's gemma3: got a model with query_pre_attn_scalar 10, wanted 6/,
  smollm3: /^GGUF: llama.cpp's smollm3: got a model with no_rope_layers of its own, wanted every 4th layer/,
};

/** Bounds on the relative error of all logits, by how the merged weights are stored. */
const WITHIN = { F32: 3e-5, F16: 2e-3, Q8_0: 0.04, Q4_0: 0.5 } as const;

describe.each(CASES)('$family with $kind merged in gives what PyTorch computes', ({ family, adapter, expected }) => {
  it('from a folder of safetensors', async () => {
    const folder = await exported('merged', { opened: await openFamilyToy(family), adapter });
    expect([...folder.files.keys()]).toEqual(expect.arrayContaining(['README.md', 'config.json', 'model.safetensors']));
    expect(relativeError(await logitsOf(folder, familyPrompt(), { base: 'f32' }), expected)).toBeLessThan(WITHIN.F32);
  });
});

// Llama 3's toy has factors of its own, which a GGUF holds and this reader does not take.
const IN_GGUF = CASES.filter(({ family }) => UNUSUAL[family] === undefined && family !== 'llama3');

it.each(IN_GGUF)('$family with $kind merged into a GGUF gives what PyTorch computes', async (given) => {
  const { family, adapter, expected } = given;
  const folder = await exported('merged-gguf', { opened: await openFamilyToy(family), adapter, type: 'F32' });
  expect(relativeError(await logitsOf(folder, familyPrompt()), expected)).toBeLessThan(WITHIN.F32);
});

it.each(Object.entries(UNUSUAL))(
  'refuses a GGUF of %s with a feature that llama.cpp has no key for',
  async (name, message) => {
    const family = name as FamilyToy;
    const opened = await openFamilyToy(family);
    await expect(exported('merged-gguf', { opened, adapter: familyAdapter(family) })).rejects.toThrow(message);
  },
);

const SIZES = {
  hidden_size: 64,
  intermediate_size: 96,
  max_position_embeddings: 32,
  num_attention_heads: 4,
  num_hidden_layers: 4,
  num_key_value_heads: 2,
  head_dim: 32,
  rms_norm_eps: 1e-6,
  vocab_size: 96,
  rope_theta: 10000,
};
/** Models of the families above as they are published, and wide enough for blocks of 32. */
const USUAL: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  llama: { ...SIZES, model_type: 'llama', attention_bias: true, tie_word_embeddings: false },
  llama3: {
    ...SIZES,
    model_type: 'llama',
    rope_theta: 500000,
    rope_scaling: {
      rope_type: 'llama3',
      factor: 32,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 8192,
    },
  },
  qwen2: { ...SIZES, model_type: 'qwen2', tie_word_embeddings: true },
  qwen3: { ...SIZES, model_type: 'qwen3' },
  smollm3: { ...SIZES, model_type: 'smollm3', tie_word_embeddings: true },
  gemma3: { ...SIZES, model_type: 'gemma3_text', query_pre_attn_scalar: 32, sliding_window: 4, rope_theta: 1e6 },
};
const TOKENS = Uint32Array.of(3, 41, 7, 90, 12, 55, 8, 3);

describe.each(Object.entries(USUAL))('%s as it is published', (_, config) => {
  it.each(Object.keys(WITHIN) as (keyof typeof WITHIN)[])(
    'gives what base and adapter do from a GGUF in %s',
    async (type) => {
      const opened = await openRandomModel(config);
      const adapter = randomAdapter(opened);
      const folder = await exported('merged', { opened, adapter });
      const wanted = await logitsOf(folder, TOKENS, { base: 'f32' });
      const gguf = await exported('merged-gguf', { opened, adapter, type });
      expect(relativeError(await logitsOf(gguf, TOKENS), wanted)).toBeLessThan(WITHIN[type]);
    },
  );
});

const LLAMA = { ...SIZES, model_type: 'llama', tie_word_embeddings: true };

it('merges rsLoRA, with ranks and alphas of modules’ own, by their scales', async () => {
  const opened = await openRandomModel(LLAMA);
  const plain = randomAdapter(opened);
  // B is [out, rank] and taken for its first rows of rank 1 or 2: any values do.
  const cut = (module: LoraModule, rank: number): LoraModule => ({
    ...module,
    a: module.a.slice(0, rank * module.inFeatures),
    b: module.b.slice(0, rank * module.outFeatures),
    alpha: 3 + rank,
  });
  const modules = [...plain.modules].map(
    ([path, module], i) => [path, i % 3 === 0 ? module : cut(module, i % 3)] as const,
  );
  const adapter: LoraAdapter = {
    ...plain,
    modules: new Map(modules),
    method: 'rslora',
    scale: adapterKind('rslora').scale(plain.alpha, plain.rank),
  };
  const folder = await exported('merged', { opened, adapter });
  const { model } = opened;
  const source = await openModel({ name: 'base', files: folder.files });
  expect(source.model.weights.map(({ name }) => name)).toEqual(model.weights.map(({ name }) => name));
  const wanted = await logitsOf(
    await exported('merged', { opened, adapter: { ...adapter, modules: new Map() } }),
    TOKENS,
    {
      base: 'f32',
      adapter,
    },
  );
  expect(relativeError(await logitsOf(folder, TOKENS, { base: 'f32' }), wanted)).toBeLessThan(WITHIN.F32);
});

it('writes shards with an index, a head of its own, and companions', async () => {
  const config = { ...LLAMA, tie_word_embeddings: true };
  const spec = { dtype: 'F32', shape: [96, 64], bytes: new Uint8Array(96 * 64 * 4).fill(1) } as const;
  const opened = await openRandomModel(config, undefined, { 'lm_head.weight': spec });
  const adapter = randomAdapter(opened);
  const whole = await exported('merged', { opened, adapter });
  const folder = await exported('merged', { opened, adapter }, (request, sink) => writeMerged(request, sink, 60_000));
  const names = [...folder.files.keys()];
  expect(names).toContain('model.safetensors.index.json');
  expect(names.filter((name) => /^model-\d{5}-of-\d{5}\.safetensors$/.test(name)).length).toBeGreaterThan(2);
  const json = JSON.parse(await textOf(folder, 'config.json')) as Record<string, unknown>;
  expect(json).toEqual({ ...config, tie_word_embeddings: false });
  const [one, many] = await Promise.all([whole, folder].map(openModel));
  expect(many?.notes).toEqual([]);
  for (const { name } of opened.model.weights) expect(await many?.read(name), name).toEqual(await one?.read(name));
  expect(one?.model.headName).toBe('lm_head.weight');
});

it('keeps the types of the source, and merges into a quantised base where that is asked for', async () => {
  const opened = await openRandomModel(LLAMA);
  const adapter = randomAdapter(opened);
  const halves = { ...opened, origin: { ...opened.origin, dtypeOf: () => 'BF16' as const } };
  const bf16 = await openModel(await exported('merged', { opened: halves, adapter }));
  const path = 'model.layers.0.mlp.up_proj.weight';
  expect(bf16.origin.dtypeOf(path)).toBe('BF16');
  const f32 = await openModel(await exported('merged', { opened, adapter }));
  expect(relativeError(await bf16.read(path), await f32.read(path))).toBeLessThan(2 ** -8);
  for (const base of ['q4', 'nf4', 'q8'] as const) {
    const folder = await exported('merged', { opened, adapter, base });
    const wanted = await logitsOf(
      await exported('merged', { opened, adapter: { ...adapter, modules: new Map() } }),
      TOKENS,
      {
        base,
        adapter,
      },
    );
    // The embedding and the head are dequantised too.
    expect(relativeError(await logitsOf(folder, TOKENS, { base: 'f32' }), wanted), base).toBeLessThan(2e-3);
  }
});

it('does not depend on how many rows are merged at a time', async () => {
  const opened = await openRandomModel(LLAMA);
  const adapter = randomAdapter(opened);
  const spec = opened.model.weights.find(({ name }) => name.endsWith('1.mlp.down_proj.weight'));
  if (spec === undefined) throw new Error('no such weight');
  const chunks = async (elems: number): Promise<Float32Array[]> => {
    const parts: Float32Array[] = [];
    for await (const { values } of mergedRows({ opened, adapter }, spec, 1, elems)) parts.push(values);
    return parts;
  };
  const many = await chunks(5 * 96);
  expect(many).toHaveLength(13);
  expect(many.flatMap((part) => [...part])).toEqual((await chunks(1e9)).flatMap((part) => [...part]));
});

describe('an export that is stopped', () => {
  it.each(['merged', 'merged-gguf'] as const)('leaves no file of %s under any final name', async (name) => {
    const opened = await openRandomModel(LLAMA);
    const store = makeMemoryStore();
    const sink = storeSink(store, 'out');
    const stop = new AbortController();
    const seen: number[] = [];
    const write = mergedFormat(name)?.write(
      {
        opened,
        adapter: randomAdapter(opened),
        modelCard: '',
        signal: stop.signal,
        onProgress: (done, total) => {
          seen.push(done / total);
          if (done > total / 2) stop.abort();
        },
      },
      sink,
      'model.gguf',
    );
    await expect(write).rejects.toMatchObject({ code: 'aborted' });
    expect((await store.list('out')).every(({ name: file }) => file.endsWith('.part'))).toBe(true);
    await sink.discard();
    expect(await store.exists('out')).toBe(false);
    expect(seen.at(-1)).toBeGreaterThan(0.5);
    expect(seen.at(-1)).toBeLessThan(1);
  });
});

async function textOf(folder: ModelFolder, name: string): Promise<string> {
  const source = folder.files.get(name);
  if (source === undefined) throw new Error(`no ${name}`);
  return new TextDecoder().decode(await source.read(0, source.size));
}
