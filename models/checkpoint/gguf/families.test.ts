import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { memorySource } from '../../../src/formats/byte-source.ts';
import { permute } from '../../../test/harness/llama-gguf.ts';
import { folderOnDisk } from '../../../test/harness/toy-llama.ts';
import { writeGguf, type MetadataValue, type WrittenTensor } from '../../../test/harness/write-gguf.ts';
import { openModel, type OpenModel } from '../open-model.ts';

type Json = Readonly<Record<string, number | undefined>>;

/** What llama.cpp's converter calls a family's tensors, beside Llama's names. */
const LLAMA_NAMES: readonly (readonly [string, string])[] = [
  ['model.embed_tokens.', 'token_embd.'],
  ['model.norm.', 'output_norm.'],
  ['lm_head.', 'output.'],
  ['model.layers.', 'blk.'],
  ['input_layernorm', 'attn_norm'],
  ['self_attn.o_proj', 'attn_output'],
  ['self_attn.qkv_proj', 'attn_qkv'],
  ['self_attn.q_norm', 'attn_q_norm'],
  ['self_attn.k_norm', 'attn_k_norm'],
  ['self_attn.q_proj', 'attn_q'],
  ['self_attn.k_proj', 'attn_k'],
  ['self_attn.v_proj', 'attn_v'],
  ['mlp.gate_up_proj', 'ffn_up'],
  ['mlp.gate_proj', 'ffn_gate'],
  ['mlp.up_proj', 'ffn_up'],
  ['mlp.down_proj', 'ffn_down'],
];
const OTHER_NAMES: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  gemma3: [
    ['post_attention_layernorm', 'post_attention_norm'],
    ['pre_feedforward_layernorm', 'ffn_norm'],
    ['post_feedforward_layernorm', 'post_ffw_norm'],
  ],
  gpt2: [
    ['transformer.wte.', 'token_embd.'],
    ['transformer.wpe.', 'position_embd.'],
    ['transformer.ln_f.', 'output_norm.'],
    ['transformer.h.', 'blk.'],
    ['ln_1', 'attn_norm'],
    ['ln_2', 'ffn_norm'],
    ['attn.c_attn', 'attn_qkv'],
    ['attn.c_proj', 'attn_output'],
    ['mlp.c_fc', 'ffn_up'],
    ['mlp.c_proj', 'ffn_down'],
  ],
};

/** The fixtures' folders that a GGUF can hold, with the architecture and the keys that only it has. */
const FAMILIES: Readonly<Record<string, { architecture: string; keys: Record<string, MetadataValue> }>> = {
  'llama-linear': {
    architecture: 'llama',
    keys: { 'rope.scaling.type': 'linear', 'rope.scaling.factor': { f32: 2.5 } },
  },
  mistral: { architecture: 'llama', keys: { 'attention.sliding_window': { u32: 7 } } },
  qwen2: { architecture: 'qwen2', keys: {} },
  qwen3: { architecture: 'qwen3', keys: {} },
  gemma3: {
    architecture: 'gemma3',
    keys: {
      'attention.sliding_window': { u32: 7 },
      'attention.sliding_window_pattern': { flags: [true, false, true] },
      'rope.freq_base_swa': { f32: 100 },
      'rope.scaling.type': 'linear',
      'rope.scaling.factor': { f32: 2 },
    },
  },
  phi3: {
    architecture: 'phi3',
    keys: { 'attention.sliding_window': { u32: 7 }, 'rope.scaling.original_context_length': { u32: 256 } },
  },
  smollm3: { architecture: 'smollm3', keys: {} },
  gpt2: { architecture: 'gpt2', keys: { 'attention.layer_norm_epsilon': { f32: 1e-3 } } },
};

const folderOf = (name: string): string =>
  join(import.meta.dirname, '..', '..', '..', 'test', 'fixtures', 'families', name, 'model');

function metadataOf(name: string, { model: { shape } }: OpenModel): Record<string, MetadataValue> {
  const { architecture, keys } = FAMILIES[name] ?? { architecture: '', keys: {} };
  const config = JSON.parse(readFileSync(join(folderOf(name), 'config.json'), 'utf8')) as Json;
  const rotated = name === 'phi3' ? 0.75 * shape.headDim : shape.headDim;
  const common: Record<string, MetadataValue> = {
    context_length: { u32: shape.maxPositions },
    embedding_length: { u32: shape.hiddenSize },
    block_count: { u32: shape.layers },
    feed_forward_length: { u32: config['intermediate_size'] ?? config['n_inner'] ?? 0 },
    'attention.head_count': { u32: shape.heads },
  };
  const rotary: Record<string, MetadataValue> = {
    'attention.head_count_kv': { u32: shape.kvHeads },
    'attention.key_length': { u32: shape.headDim },
    'attention.value_length': { u32: shape.headDim },
    'attention.layer_norm_rms_epsilon': { f32: 1e-3 },
    'rope.dimension_count': { u32: rotated },
    'rope.freq_base': { f32: config['rope_theta'] ?? 10000 },
  };
  const own = Object.entries({ ...common, ...(name !== 'gpt2' && rotary), ...keys });
  return {
    'general.architecture': architecture,
    ...Object.fromEntries(own.map(([key, value]) => [`${architecture}.${key}`, value])),
  };
}

/** The model's tensors as convert_hf_to_gguf.py stores them. */
async function tensorsOf(name: string, opened: OpenModel): Promise<Record<string, WrittenTensor>> {
  const { heads, kvHeads } = opened.model.shape;
  const isPermuted = ['llama-linear', 'mistral', 'smollm3'].includes(name);
  const out: Record<string, WrittenTensor> = {};
  for (const { name: tensor, shape } of opened.model.weights) {
    let values = await opened.read(tensor);
    const ofHeads = /\.q_proj\./.test(tensor) ? heads : /\.k_proj\./.test(tensor) ? kvHeads : undefined;
    if (isPermuted && ofHeads !== undefined) values = permute(values, shape[0] ?? 0, ofHeads);
    if (name === 'gemma3' && /norm\.weight$/.test(tensor)) values = values.map((value) => value + 1);
    const rest = [['post_attention_layernorm', 'ffn_norm']] as const;
    const names = name === 'gpt2' ? [] : [...LLAMA_NAMES, ...(name === 'gemma3' ? [] : rest)];
    const stored = [...(OTHER_NAMES[name] ?? []), ...names].reduce(
      (text, [from, to]) => text.replace(from, to),
      tensor,
    );
    out[stored] = { shape, type: 'F32', values };
  }
  // GPT-2's converter writes the embedding a second time, as the head.
  if (name === 'gpt2' && out['token_embd.weight'] !== undefined) out['output.weight'] = out['token_embd.weight'];
  return out;
}

describe.each(Object.keys(FAMILIES))('%s in a GGUF', (name) => {
  it('is the model of its folder: sizes, rotary positions, every tensor', async () => {
    const fromFolder = await openModel(folderOnDisk(folderOf(name), name));
    const bytes = writeGguf(metadataOf(name, fromFolder), await tensorsOf(name, fromFolder));
    const fromGguf = await openModel({ name, files: new Map([['m.gguf', memorySource('m.gguf', bytes)]]) });
    expect(fromGguf.model.shape).toEqual(fromFolder.model.shape);
    expect(fromGguf.model.rope).toEqual(fromFolder.model.rope);
    expect(fromGguf.model.linearPaths).toEqual(fromFolder.model.linearPaths);
    expect(fromGguf.model.headName).toBe(fromFolder.model.headName);
    for (const spec of fromFolder.model.weights) {
      const wanted = await fromFolder.read(spec.name);
      const got = await fromGguf.read(spec.name);
      // 1 + w was rounded once when the file was written.
      const rounded = name === 'gemma3' && /norm\.weight$/.test(spec.name);
      const largest = wanted.reduce((most, value, i) => Math.max(most, Math.abs(value - (got[i] ?? NaN))), 0);
      expect(got.length, spec.name).toBe(wanted.length);
      expect(largest <= (rounded ? 2 ** -22 : 0), `${spec.name} is off by ${largest}`).toBe(true);
    }
  });
});

it('GPT-2’s head is output.weight where that is another matrix than the embedding', async () => {
  const fromFolder = await openModel(folderOnDisk(folderOf('gpt2'), 'gpt2'));
  const tensors = await tensorsOf('gpt2', fromFolder);
  const embedding = tensors['token_embd.weight'];
  if (embedding === undefined) throw new Error('no embedding');
  const values = embedding.values.map((value, i) => value * (1 + (i % 7)));
  const bytes = writeGguf(metadataOf('gpt2', fromFolder), { ...tensors, 'output.weight': { ...embedding, values } });
  const opened = await openModel({ name: 'gpt2', files: new Map([['m.gguf', memorySource('m.gguf', bytes)]]) });
  expect(opened.model.headName).toBe('lm_head.weight');
  expect(await opened.read('lm_head.weight')).toEqual(values);
  expect(await opened.read('transformer.wte.weight')).toEqual(embedding.values);
});
