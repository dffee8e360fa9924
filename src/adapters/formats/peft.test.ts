import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { deltaOf } from '../../../test/harness/adapter-delta.ts';
import { WebLoraError } from '../../errors.ts';
import { float32Tensor, readSafetensors, writeSafetensors, type SafetensorsTensor } from '../../formats/safetensors.ts';
import { adapterKind } from '../../lora/kinds/index.ts';
import type { LoraAdapter, LoraModule } from '../adapter.ts';
import { PEFT_CONFIG_FILE } from './peft-config.ts';
import { PEFT_WEIGHTS_FILE, readPeft, writePeft } from './peft.ts';

const FIXTURES = new URL('./fixtures/', import.meta.url);

function readFixture(folder: string): Map<string, Uint8Array> {
  return new Map(
    [PEFT_CONFIG_FILE, PEFT_WEIGHTS_FILE].map((name) => [
      name,
      new Uint8Array(readFileSync(new URL(`${folder}/${name}`, FIXTURES))),
    ]),
  );
}

interface Delta {
  readonly shape: readonly [rows: number, cols: number];
  readonly delta: readonly number[];
}
const expected = JSON.parse(readFileSync(new URL('expected.json', FIXTURES), 'utf8')) as Record<
  string,
  Record<string, Delta>
>;

function makeAdapter(overrides: Partial<LoraAdapter> = {}): LoraAdapter {
  const module = (inFeatures: number, outFeatures: number, seed: number): LoraModule => ({
    a: Float32Array.from({ length: 2 * inFeatures }, (_, i) => Math.sin(seed + i)),
    b: Float32Array.from({ length: 2 * outFeatures }, (_, i) => Math.cos(seed * i)),
    inFeatures,
    outFeatures,
  });
  return {
    rank: 2,
    alpha: 5,
    method: 'lora',
    dropout: 0.1,
    targetModules: ['down_proj', 'q_proj'],
    baseModel: 'org/base',
    scale: 2.5,
    modules: new Map([
      ['model.layers.0.self_attn.q_proj', module(5, 3, 1)],
      ['model.layers.0.mlp.down_proj', module(7, 5, 2)],
    ]),
    ...overrides,
  };
}

function configOf(files: ReadonlyMap<string, Uint8Array>): Record<string, unknown> {
  return JSON.parse(new TextDecoder().decode(files.get(PEFT_CONFIG_FILE))) as Record<string, unknown>;
}

/** The files of a valid adapter with something changed. */
function filesWith(change: {
  config?: Record<string, unknown>;
  tensors?: (tensors: Map<string, SafetensorsTensor>) => void;
}): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>(writePeft(makeAdapter(), { modelCard: '' }));
  const config = { ...configOf(files), ...change.config };
  files.set(PEFT_CONFIG_FILE, new TextEncoder().encode(JSON.stringify(config)));
  const { tensors } = readSafetensors(files.get(PEFT_WEIGHTS_FILE) ?? new Uint8Array());
  change.tensors?.(tensors);
  return files.set(PEFT_WEIGHTS_FILE, writeSafetensors(tensors));
}

function failureOf(files: ReadonlyMap<string, Uint8Array>): string {
  try {
    readPeft(files);
  } catch (thrown) {
    if (thrown instanceof WebLoraError) return `${thrown.code}: ${thrown.message}`;
    throw thrown;
  }
  throw new Error('nothing was thrown');
}

describe('readPeft', () => {
  it.each(['plain', 'patterns'])('computes what the independent fixture says: %s', (folder) => {
    const adapter = readPeft(readFixture(folder));
    const modules = expected[folder] ?? {};
    expect([...adapter.modules.keys()].sort()).toEqual(Object.keys(modules).sort());
    for (const [path, { shape, delta }] of Object.entries(modules)) {
      const module = adapter.modules.get(path);
      if (module === undefined) throw new Error(path);
      expect([module.outFeatures, module.inFeatures]).toEqual(shape);
      const got = deltaOf(adapter, module);
      const worst = delta.reduce((max, value, i) => Math.max(max, Math.abs(value - (got[i] ?? NaN))), 0);
      // Sums of at most 4 products below 1, times at most 5.7.
      expect(worst <= 2e-6, `${path}: ${worst}`).toBe(true);
    }
  });

  it('reads the settings', () => {
    expect(readPeft(readFixture('plain'))).toMatchObject({
      rank: 3,
      alpha: 6,
      method: 'lora',
      dropout: 0.05,
      scale: 2,
      baseModel: 'org/toy',
      targetModules: ['q_proj', 'v_proj'],
    });
    expect(readPeft(readFixture('patterns'))).toMatchObject({
      rank: 2,
      alpha: 8,
      method: 'rslora',
      scale: 8 / Math.sqrt(2),
      targetModules: ['down_proj', 'gate_up_proj', 'up_proj'],
    });
  });

  it.each([
    [{ target_modules: ['model.layers.0.self_attn.q_proj', 'down_proj'] }],
    [{ layers_to_transform: [0] }],
    [{ exclude_modules: ['layers.1'] }],
  ])('keeps to whole paths where not every layer is meant: %j', (config) => {
    const adapter = readPeft(filesWith({ config }));
    expect(adapter.targetModules).toEqual(['model.layers.0.mlp.down_proj', 'model.layers.0.self_attn.q_proj']);
    expect(configOf(writePeft(adapter, { modelCard: '' }))['target_modules']).toEqual(adapter.targetModules);
  });

  it('takes names that still carry the default adapter name', () => {
    const files = filesWith({
      tensors: (tensors) => {
        for (const [name, tensor] of [...tensors]) {
          tensors.delete(name);
          tensors.set(name.replace('.weight', '.default.weight'), tensor);
        }
      },
    });
    expect(readPeft(files).modules).toEqual(makeAdapter().modules);
  });

  it('takes settings that change nothing about a trained adapter', () => {
    const config = {
      fan_in_fan_out: true,
      init_lora_weights: 'gaussian',
      inference_mode: false,
      target_modules: 'all-linear',
      layers_to_transform: [0],
      bias: 'all', // the file has none
      peft_version: '0.18.1',
      auto_mapping: { base_model_class: 'LlamaForCausalLM' },
      some_future_field: null,
    };
    expect(readPeft(filesWith({ config })).modules).toEqual(makeAdapter().modules);
  });

  it.each<[string, unknown, string]>([
    ['peft_type', 'ADALORA', 'unsupported: adapter_config.json: peft_type: got "ADALORA", wanted "LORA"'],
    ['task_type', 'SEQ_CLS', 'unsupported: adapter_config.json: task_type: got "SEQ_CLS"'],
    ['use_dora', true, 'got no lora_magnitude_vector, wanted use_dora in adapter_config.json and the tensors to agree'],
    ['modules_to_save', ['lm_head'], 'unsupported: adapter_config.json: modules_to_save: got ["lm_head"]'],
    ['bias', 'some', 'bad-adapter: adapter_config.json: bias: got "some", wanted "none", "all" or "lora_only"'],
    ['lora_bias', true, 'unsupported: adapter_config.json: lora_bias'],
    ['trainable_token_indices', [1], 'unsupported: adapter_config.json: trainable_token_indices'],
    ['layer_replication', [[0, 2]], 'unsupported: adapter_config.json: layer_replication'],
    ['init_lora_weights', 'pissa', 'unsupported: adapter_config.json: init_lora_weights: got "pissa"'],
    ['some_future_field', { on: true }, 'unsupported: adapter_config.json: some_future_field: got {"on":true}'],
    ['constructor', 1, 'unsupported: adapter_config.json: constructor: got 1'],
    ['r', 0, 'bad-adapter: adapter_config.json: r: got 0, wanted a whole number above 0'],
    ['r', 2.5, 'bad-adapter: adapter_config.json: r: got 2.5'],
    ['lora_alpha', 'x', 'bad-adapter: adapter_config.json: lora_alpha: got "x"'],
    ['lora_dropout', 1, 'bad-adapter: adapter_config.json: lora_dropout: got 1'],
    ['rank_pattern', { q_proj: -1 }, 'bad-adapter: adapter_config.json: rank_pattern.q_proj: got -1'],
    ['rank_pattern', { '(': 1 }, 'bad-adapter: adapter_config.json: rank_pattern: got "("'],
    ['alpha_pattern', 3, 'bad-adapter: adapter_config.json: alpha_pattern: got 3'],
    [
      'r',
      4,
      'bad-adapter: adapter_model.safetensors: model.layers.0.mlp.down_proj: got lora_A [2, 7] and lora_B [5, 2]',
    ],
  ])('names what it cannot honour: %s = %j', (field, value, message) => {
    const got = failureOf(filesWith({ config: { [field]: value } }));
    expect(got).toContain(message);
    expect(got).toMatch(/; \w/);
  });

  const Q_PROJ = 'base_model.model.model.layers.0.self_attn.q_proj';
  it.each<[string, (tensors: Map<string, SafetensorsTensor>) => void, string]>([
    [
      'a missing half',
      (tensors) => tensors.delete(`${Q_PROJ}.lora_B.weight`),
      'bad-adapter: adapter_model.safetensors: model.layers.0.self_attn.q_proj: got only lora_A, wanted lora_A and lora_B',
    ],
    [
      'a transposed factor',
      (tensors) => tensors.set(`${Q_PROJ}.lora_A.weight`, float32Tensor(new Float32Array(10), [5, 2])),
      'got lora_A [5, 2] and lora_B [3, 2], wanted [2, in] and [out, 2]',
    ],
    [
      'a convolution',
      (tensors) => tensors.set(`${Q_PROJ}.lora_A.weight`, float32Tensor(new Float32Array(10), [2, 5, 1, 1])),
      'unsupported: adapter_model.safetensors: model.layers.0.self_attn.q_proj: got lora_A [2, 5, 1, 1]',
    ],
    [
      'a NaN',
      (tensors) => tensors.set(`${Q_PROJ}.lora_A.weight`, float32Tensor(new Float32Array(10).fill(NaN, 4), [2, 5])),
      'bad-adapter: adapter_model.safetensors: model.layers.0.self_attn.q_proj.lora_A: got NaN at element 4',
    ],
    [
      'integers',
      (tensors) => tensors.set(`${Q_PROJ}.lora_A.weight`, { dtype: 'I8', shape: [2, 5], bytes: new Uint8Array(10) }),
      'unsupported: adapter_model.safetensors: model.layers.0.self_attn.q_proj.lora_A: dtype: got I8',
    ],
    [
      'a saved module',
      (tensors) => tensors.set('base_model.model.lm_head.weight', float32Tensor(new Float32Array(1), [1])),
      'unsupported: adapter_model.safetensors: tensor base_model.model.lm_head.weight: got a whole embedding or head, trained or resized',
    ],
    [
      'a DoRA magnitude without use_dora',
      (tensors) => tensors.set(`${Q_PROJ}.lora_magnitude_vector`, float32Tensor(new Float32Array(3), [3])),
      'q_proj: got a lora_magnitude_vector, wanted use_dora in adapter_config.json and the tensors to agree',
    ],
    [
      'an embedding',
      (tensors) =>
        tensors.set('base_model.model.model.embed_tokens.lora_embedding_A', float32Tensor(new Float32Array(1), [1])),
      'got a LoRA of an embedding, wanted LoRA factors only',
    ],
    [
      'one factor twice',
      (tensors) => tensors.set(`${Q_PROJ}.lora_A.default.weight`, float32Tensor(new Float32Array(10), [2, 5])),
      'got the same factor twice',
    ],
    [
      'no tensors',
      (tensors) => tensors.clear(),
      'bad-adapter: adapter_model.safetensors: the file: got no LoRA tensors',
    ],
  ])('names tensors that do not fit: %s', (_, tensors, message) => {
    expect(failureOf(filesWith({ tensors }))).toContain(message);
  });

  it('names missing and damaged files', () => {
    const files = filesWith({});
    const without = (name: string) => new Map([...files].filter(([key]) => key !== name));
    expect(failureOf(without(PEFT_WEIGHTS_FILE))).toBe(
      'file-not-found: adapter_model.safetensors: got README.md, adapter_config.json, ' +
        'wanted adapter_config.json and adapter_model.safetensors; choose the folder that PEFT saved',
    );
    expect(failureOf(without(PEFT_CONFIG_FILE))).toMatch(/^file-not-found: adapter_config\.json/);
    expect(failureOf(without(PEFT_WEIGHTS_FILE).set('adapter_model.bin', new Uint8Array()))).toMatch(
      /^unsupported: adapter_model\.bin: got a pickle file/,
    );
    expect(failureOf(new Map(files).set(PEFT_CONFIG_FILE, Uint8Array.of(0x7b)))).toMatch(/^bad-adapter: .*not JSON/);
    expect(failureOf(new Map(files).set(PEFT_CONFIG_FILE, Uint8Array.of(0x5b, 0x5d)))).toMatch(/^bad-adapter: /);
    expect(failureOf(new Map(files).set(PEFT_WEIGHTS_FILE, new Uint8Array(12)))).toMatch(
      /^bad-file: adapter_model\.safetensors/,
    );
  });
});

describe('writePeft', () => {
  it.each(['lora', 'rslora'] as const)('round trips %s bit for bit', (method) => {
    const adapter = makeAdapter({ method, scale: adapterKind(method).scale(5, 2) });
    const files = writePeft(adapter, { modelCard: '# card\n' });
    const again = readPeft(files);
    expect({ ...again, modules: new Map([...again.modules].sort()) }).toEqual({
      ...adapter,
      modules: new Map([...adapter.modules].sort()),
    });
    expect(writePeft(again, { modelCard: '# card\n' })).toEqual(files);
  });

  it('writes the names, shapes and fields that PEFT reads', () => {
    const files = writePeft(makeAdapter(), { modelCard: '# card\n', revision: 'main' });
    expect([...files.keys()]).toEqual(['adapter_config.json', 'adapter_model.safetensors', 'README.md']);
    const { tensors, metadata } = readSafetensors(files.get(PEFT_WEIGHTS_FILE) ?? new Uint8Array());
    expect(Object.fromEntries(metadata)).toEqual({ format: 'pt' });
    expect([...tensors].map(([name, { dtype, shape }]) => [name, dtype, shape])).toEqual([
      ['base_model.model.model.layers.0.mlp.down_proj.lora_A.weight', 'F32', [2, 7]],
      ['base_model.model.model.layers.0.mlp.down_proj.lora_B.weight', 'F32', [5, 2]],
      ['base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight', 'F32', [2, 5]],
      ['base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight', 'F32', [3, 2]],
    ]);
    const config = configOf(files);
    expect(config).toMatchObject({
      peft_type: 'LORA',
      task_type: 'CAUSAL_LM',
      base_model_name_or_path: 'org/base',
      revision: 'main',
      r: 2,
      lora_alpha: 5,
      lora_dropout: 0.1,
      target_modules: ['down_proj', 'q_proj'],
      bias: 'none',
      fan_in_fan_out: false,
      use_rslora: false,
      use_dora: false,
      inference_mode: true,
      init_lora_weights: true,
    });
    expect(Object.keys(config)).toEqual(Object.keys(config).sort());
  });

  it('says of GPT-2’s Conv1D that its weight is [in, out]; A and B keep their orientation', () => {
    const [first] = makeAdapter().modules.values();
    if (first === undefined) throw new Error('unreachable');
    const adapter = makeAdapter({
      modules: new Map([['transformer.h.0.attn.c_attn', first]]),
      targetModules: ['c_attn'],
    });
    const files = writePeft(adapter, { modelCard: '' });
    expect(configOf(files)['fan_in_fan_out']).toBe(true);
    const { tensors } = readSafetensors(files.get(PEFT_WEIGHTS_FILE) ?? new Uint8Array());
    expect([...tensors].map(([name, { shape }]) => [name, ...shape])).toEqual([
      ['base_model.model.transformer.h.0.attn.c_attn.lora_A.weight', 2, 5],
      ['base_model.model.transformer.h.0.attn.c_attn.lora_B.weight', 3, 2],
    ]);
    expect(readPeft(files).modules).toEqual(adapter.modules);
  });
});

it('names a base of the hub as PEFT does', () => {
  const named = (baseModel: string) => {
    const { base_model_name_or_path: name, revision } = configOf(
      writePeft(makeAdapter({ baseModel }), { modelCard: '' }),
    );
    return [name, revision];
  };
  expect(named('hf:org/name')).toEqual(['org/name', null]);
  expect(named('hf:org/name/x/file.gguf@v1.0')).toEqual(['org/name', 'v1.0']);
  expect(named('models/mine')).toEqual(['models/mine', null]);
});
