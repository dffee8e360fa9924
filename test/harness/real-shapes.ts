import { closeSync, copyFileSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { makeModel } from '../../models/families/index.ts';
import { countElems } from '../../src/formats/safetensors.ts';

export interface Shape {
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
/** Shapes of models that people use, from their configurations. */
export const SHAPES: { readonly [Name in 'SmolLM2-135M' | 'Qwen2.5-0.5B']: Shape } = {
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
const EMBEDDED = join(import.meta.dirname, '..', '..', 'models', 'embedded', 'model');
const TOKENIZER_FILES = ['tokenizer.json', 'tokenizer_config.json', 'chat_template.jinja'];

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

/**
 * A checkpoint of that shape with random weights, in bf16 and sharded, tensor by tensor, with the built-in model's tokenizer.
 * @returns bytes of the largest tensor
 */
export function writeCheckpoint(model: string, config: Shape['config']): number {
  mkdirSync(model, { recursive: true });
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
