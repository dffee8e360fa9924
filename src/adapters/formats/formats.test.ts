import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { baseNamesOf } from '../../../models/checkpoint/gguf/base-names.ts';
import { makeModel } from '../../../models/families/index.ts';
import { deltaOf } from '../../../test/harness/adapter-delta.ts';
import { doraAdapter, FAMILY_TOYS, familyAdapter, openFamilyToy } from '../../../test/harness/family-toys.ts';
import { WebLoraError } from '../../errors.ts';
import { alphaOf, rankOf, scaleOf, type LoraAdapter } from '../adapter.ts';
import { zipFiles } from '../zip.ts';
import type { BaseNames } from './format.ts';
import {
  ADAPTER_FORMATS,
  adapterFormat,
  asDownload,
  downloadExtension,
  formatOf,
  readAdapterFiles,
  writeAdapter,
} from './index.ts';

const FIXTURES = new URL('./fixtures/', import.meta.url);
const OPTIONS = { modelCard: '# card' };

function fixture(folder: string): Map<string, Uint8Array> {
  const at = new URL(`${folder}/`, FIXTURES);
  return new Map(readdirSync(at).map((name) => [name, new Uint8Array(readFileSync(new URL(name, at)))]));
}

const expected = JSON.parse(readFileSync(new URL('expected.json', FIXTURES), 'utf8')) as Record<
  string,
  Record<string, { shape: [number, number]; delta: number[] }>
>;

/** scale · B·A of each module in f64. */
function deltas(adapter: LoraAdapter): Record<string, { shape: [number, number]; delta: number[] }> {
  return Object.fromEntries(
    [...adapter.modules].map(([path, module]) => [
      path,
      { shape: [module.outFeatures, module.inFeatures], delta: deltaOf(adapter, module) },
    ]),
  );
}

function expectDeltas(adapter: LoraAdapter, wanted: ReturnType<typeof deltas>, tolerance: number): void {
  const got = deltas(adapter);
  expect(Object.keys(got).sort()).toEqual(Object.keys(wanted).sort());
  for (const [path, { shape, delta }] of Object.entries(wanted)) {
    expect(got[path]?.shape, path).toEqual(shape);
    delta.forEach((value, i) => {
      expect(Math.abs((got[path]?.delta[i] ?? NaN) - value), `${path}[${i}]`).toBeLessThanOrEqual(tolerance);
    });
  }
}

/** The base of the fixtures: square query projections over two heads, keys of one. */
const fixtureBase: BaseNames = baseNamesOf(
  makeModel({
    model_type: 'llama',
    vocab_size: 32,
    hidden_size: 8,
    intermediate_size: 12,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    num_key_value_heads: 1,
    max_position_embeddings: 16,
    rms_norm_eps: 1e-5,
  }),
);

describe('files written by others', () => {
  it.each(['gguf', 'mlx'])('reads the %s adapter of the definitions', async (name) => {
    const adapter = await readAdapterFiles(fixture(name), () => Promise.resolve(fixtureBase));
    expectDeltas(adapter, expected[name] ?? {}, 1e-6);
    expect(adapter.targetModules).toEqual(['down_proj', 'k_proj', 'q_proj']);
  });

  it('writes the bytes of the GGUF tensors that the definition asks for', async () => {
    const adapter = await readAdapterFiles(fixture('gguf'), () => Promise.resolve(fixtureBase));
    const [written] = writeAdapter(adapterFormat('gguf'), adapter, { ...OPTIONS, base: fixtureBase }).values();
    const original = fixture('gguf').get('adapter.gguf') ?? new Uint8Array();
    // Headers differ in what is said of the base; tensors are the end of both files, in the order of the modules.
    const tensors = (bytes: Uint8Array): string => Buffer.from(bytes.slice(-900)).toString('hex');
    expect(tensors(written ?? new Uint8Array())).toBe(tensors(original));
  });
});

describe.each(FAMILY_TOYS)('%s', (family) => {
  it('comes back to the bit from PEFT through GGUF and MLX', async () => {
    const { model } = await openFamilyToy(family);
    const base = baseNamesOf(model);
    const adapter = familyAdapter(family);
    let current = adapter;
    for (const name of ['peft', 'gguf', 'mlx', 'peft']) {
      const files = writeAdapter(adapterFormat(name), current, { ...OPTIONS, base });
      current = await readAdapterFiles(files, () => Promise.resolve(base));
    }
    expect(Math.fround(current.scale)).toBe(Math.fround(adapter.scale));
    expect([...current.modules.keys()].sort()).toEqual([...adapter.modules.keys()].sort());
    for (const [path, { a, b }] of adapter.modules) {
      expect(current.modules.get(path)?.a, `${path} A`).toEqual(a);
      expect(current.modules.get(path)?.b, `${path} B`).toEqual(b);
    }
  });
});

describe('an adapter with ranks and alphas of its modules’ own', () => {
  const { model } = makePatternBase();
  const base = baseNamesOf(model);
  const patterns = (): Promise<LoraAdapter> => readAdapterFiles(fixture('patterns'));

  it('is written to PEFT as patterns that give every module its own again', async () => {
    const adapter = await patterns();
    const files = writeAdapter(adapterFormat('peft'), adapter, OPTIONS);
    expect(JSON.parse(new TextDecoder().decode(files.get('adapter_config.json')))).toMatchObject({
      r: 2,
      lora_alpha: 8,
      rank_pattern: { 'model.layers.1.mlp.down_proj': 4, up_proj: 1 },
      alpha_pattern: { up_proj: 3 },
    });
    const back = await readAdapterFiles(files);
    expect(back.modules).toEqual(adapter.modules);
    const of = (one: LoraAdapter): unknown =>
      new Map(
        [...one.modules].map(([path, module]) => [path, [rankOf(module), alphaOf(one, module), scaleOf(one, module)]]),
      );
    expect(of(back)).toEqual(of(adapter));
  });

  it.each(['gguf', 'mlx'])('computes the same from %s, which knows one alpha or one scale', async (name) => {
    const files = writeAdapter(adapterFormat(name), withoutFused(await patterns()), { ...OPTIONS, base });
    const back = await readAdapterFiles(files, () => Promise.resolve(base));
    // f32 rounds once more what B takes up.
    expectDeltas(back, deltas(withoutFused(await patterns())), 2e-6);
  });
});

/** A Llama of two layers with the patterns fixture's shapes. */
function makePatternBase(): { readonly model: ReturnType<typeof makeModel> } {
  return {
    model: makeModel({
      model_type: 'llama',
      vocab_size: 32,
      hidden_size: 5,
      intermediate_size: 6,
      num_hidden_layers: 2,
      num_attention_heads: 1,
      num_key_value_heads: 1,
      head_dim: 2,
      max_position_embeddings: 16,
      rms_norm_eps: 1e-5,
    }),
  };
}

/** Without a module that Llama does not have. */
function withoutFused(adapter: LoraAdapter): LoraAdapter {
  return { ...adapter, modules: new Map([...adapter.modules].filter(([path]) => !path.endsWith('gate_up_proj'))) };
}

it('notices rows of heads that were not permuted, and a square factor that was transposed', async () => {
  const wanted = expected['gguf'] ?? {};
  const unpermuted: BaseNames = {
    ...fixtureBase,
    modules: new Map([...fixtureBase.modules].map(([path, { ggufName }]) => [path, { ggufName }])),
  };
  const wrong = await readAdapterFiles(fixture('gguf'), () => Promise.resolve(unpermuted));
  expect(() => expectDeltas(wrong, wanted, 1e-6)).toThrow(/q_proj/);
  const right = await readAdapterFiles(fixture('mlx'));
  const path = 'model.layers.0.self_attn.q_proj';
  const module = right.modules.get(path);
  if (module === undefined) throw new Error('no q_proj');
  const { rank } = right;
  const turned = module.a.map((_, i) => module.a[(i % rank) * module.inFeatures + Math.floor(i / rank)] ?? NaN);
  const transposed = { ...right, modules: new Map(right.modules).set(path, { ...module, a: turned }) };
  expect(() => expectDeltas(transposed, expected['mlx'] ?? {}, 1e-6)).toThrow(/q_proj/);
});

it.each(['F16', 'BF16', 'Q8_0'] as const)('stores a GGUF adapter as %s within its precision', async (type) => {
  const adapter = await readAdapterFiles(fixture('mlx'));
  const files = writeAdapter(adapterFormat('gguf'), adapter, { ...OPTIONS, base: fixtureBase, type });
  const back = await readAdapterFiles(files, () => Promise.resolve(fixtureBase));
  expectDeltas(back, deltas(adapter), type === 'BF16' ? 0.06 : 0.01);
});

it('says what rsLoRA computes in formats that know a scale only', async () => {
  const adapter: LoraAdapter = {
    ...(await readAdapterFiles(fixture('mlx'))),
    method: 'rslora',
    alpha: 3,
    scale: 3 / 2,
  };
  for (const name of ['gguf', 'mlx']) {
    const files = writeAdapter(adapterFormat(name), adapter, { ...OPTIONS, base: fixtureBase });
    expect((await readAdapterFiles(files, () => Promise.resolve(fixtureBase))).scale).toBe(1.5);
  }
});

it('keeps DoRA through PEFT and MLX to the bit, and says that GGUF has none', async () => {
  const adapter = doraAdapter('gpt2');
  expect(adapter.method).toBe('dora');
  let current = adapter;
  for (const name of ['mlx', 'peft'])
    current = await readAdapterFiles(writeAdapter(adapterFormat(name), current, OPTIONS));
  expect(current.method).toBe('dora');
  expect(current.scale).toBe(adapter.scale);
  expect([...current.modules].sort()).toEqual([...adapter.modules].sort());
  expect(() => writeAdapter(adapterFormat('gguf'), adapter, { ...OPTIONS, base: fixtureBase })).toThrow(
    /GGUF LoRA: it cannot hold DoRA; choose PEFT folder or MLX folder, or merge it/,
  );
});

it('reads DoRA with the scale of rsLoRA as the DoRA that computes the same', async () => {
  const files = new Map(writeAdapter(adapterFormat('peft'), doraAdapter('llama3'), OPTIONS));
  const config = JSON.parse(new TextDecoder().decode(files.get('adapter_config.json'))) as {
    lora_alpha: number;
    r: number;
  };
  files.set('adapter_config.json', new TextEncoder().encode(JSON.stringify({ ...config, use_rslora: true })));
  const adapter = await readAdapterFiles(files);
  expect(adapter.scale).toBe(config.lora_alpha / Math.sqrt(config.r));
  const again = await readAdapterFiles(writeAdapter(adapterFormat('peft'), adapter, OPTIONS));
  expect(again.scale).toBeCloseTo(adapter.scale, 12);
});

it('tells formats by their files, in a folder or a zip', () => {
  for (const format of ADAPTER_FORMATS) {
    const name = format.name === 'peft' ? 'plain' : format.name;
    expect(formatOf(fixture(name)).format).toBe(format);
    const zip = new Map([['adapter.zip', zipFiles(fixture(name))]]);
    expect(formatOf(zip).format).toBe(format);
    // Whatever the person calls the download, it opens again.
    const download = asDownload(format, fixture(name), 'mine');
    expect(download.name).toBe(`mine${downloadExtension(format)}`);
    expect(formatOf(new Map([[download.name, download.bytes]])).format).toBe(format);
  }
});

describe('refuses', () => {
  const read = (files: Map<string, Uint8Array>): Promise<LoraAdapter> =>
    readAdapterFiles(files, () => Promise.resolve(fixtureBase));
  const mlxWith = (changes: Record<string, unknown>): Map<string, Uint8Array> => {
    const files = fixture('mlx');
    const config = JSON.parse(new TextDecoder().decode(files.get('adapter_config.json'))) as object;
    return files.set('adapter_config.json', new TextEncoder().encode(JSON.stringify({ ...config, ...changes })));
  };
  it.each<[string, Map<string, Uint8Array>, RegExp]>([
    ['files of no format', new Map([['notes.txt', new Uint8Array()]]), /got notes.txt, wanted adapter_config.json/],
    [
      'an MLX folder without its configuration',
      new Map([...fixture('mlx')].filter(([name]) => name !== 'adapter_config.json')),
      /wanted adapter_config.json beside adapters.safetensors/,
    ],
    ['full fine-tuning in MLX', mlxWith({ fine_tune_type: 'full' }), /fine_tune_type: got "full"/],
    [
      'an MLX rank that its tensors do not have',
      mlxWith({ lora_parameters: { rank: 3, scale: 1 } }),
      /wanted \[in, 3\]/,
    ],
    [
      'an MLX scale that is no number',
      mlxWith({ lora_parameters: { rank: 4, scale: 'big' } }),
      /lora_parameters.scale: got "big"/,
    ],
  ])('%s', async (_, files, message) => {
    await expect(read(files)).rejects.toThrow(message);
    await expect(read(files)).rejects.toBeInstanceOf(WebLoraError);
  });

  it('a GGUF adapter of another architecture, or without its base', async () => {
    const other = { ...fixtureBase, ggufArchitecture: 'qwen2' };
    await expect(readAdapterFiles(fixture('gguf'), () => Promise.resolve(other))).rejects.toThrow(
      /general.architecture: got llama, wanted qwen2/,
    );
    await expect(readAdapterFiles(fixture('gguf'))).rejects.toThrow(/a GGUF adapter: got no base model/);
  });

  it('a GGUF adapter with tensors of layers that the base does not have', async () => {
    const fewer = {
      ...fixtureBase,
      modules: new Map([...fixtureBase.modules].filter(([path]) => path.includes('.0.'))),
    };
    await expect(readAdapterFiles(fixture('gguf'), () => Promise.resolve(fewer))).rejects.toThrow(/tensor blk\.1/);
  });
});
