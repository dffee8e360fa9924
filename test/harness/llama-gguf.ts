import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSafetensors, tensorToFloat32 } from '../../src/formats/safetensors.ts';
import { writeGguf, type MetadataValue, type WrittenTensor, type WrittenType } from './write-gguf.ts';

interface LlamaJson {
  readonly hidden_size: number;
  readonly intermediate_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly num_key_value_heads: number;
  readonly head_dim: number;
  readonly vocab_size: number;
  readonly max_position_embeddings: number;
  readonly rms_norm_eps: number;
  readonly rope_theta: number;
  readonly tie_word_embeddings: boolean;
}

const BLOCK = new Map([
  ['input_layernorm', 'attn_norm'],
  ['post_attention_layernorm', 'ffn_norm'],
  ['self_attn.q_proj', 'attn_q'],
  ['self_attn.k_proj', 'attn_k'],
  ['self_attn.v_proj', 'attn_v'],
  ['self_attn.o_proj', 'attn_output'],
  ['mlp.gate_proj', 'ffn_gate'],
  ['mlp.up_proj', 'ffn_up'],
  ['mlp.down_proj', 'ffn_down'],
]);

/** A Llama's tensors by transformers' names, as llama.cpp names them. */
export function ggufName(name: string): string {
  const [, layer, module = '', kind = ''] = /^model\.layers\.(\d+)\.(.*)\.(weight|bias)$/.exec(name) ?? [];
  if (layer !== undefined) return `blk.${layer}.${BLOCK.get(module) ?? module}.${kind}`;
  const top = { 'model.embed_tokens': 'token_embd', 'model.norm': 'output_norm', lm_head: 'output' };
  return `${top[name.replace(/\.weight$/, '') as keyof typeof top]}.weight`;
}

/** convert_hf_to_gguf.py's permute: reshape(heads, 2, D/2, cols), swap the middle axes, flatten. */
export function permute(values: Float32Array, rows: number, heads: number): Float32Array {
  const cols = values.length / rows;
  const half = rows / heads / 2;
  const out: number[] = [];
  for (let head = 0; head < heads; head++)
    for (let i = 0; i < half; i++)
      for (let j = 0; j < 2; j++) {
        const row = (head * 2 + j) * half + i;
        out.push(...values.subarray(row * cols, (row + 1) * cols));
      }
  return Float32Array.from(out);
}

/** Metadata of a Llama, as llama.cpp's converter writes it. */
export function llamaMetadata(config: LlamaJson): Record<string, MetadataValue> {
  return {
    'general.architecture': 'llama',
    'general.name': 'toy',
    'llama.vocab_size': { u32: config.vocab_size },
    'llama.context_length': { u32: config.max_position_embeddings },
    'llama.embedding_length': { u32: config.hidden_size },
    'llama.block_count': { u32: config.num_hidden_layers },
    'llama.feed_forward_length': { u32: config.intermediate_size },
    'llama.attention.head_count': { u32: config.num_attention_heads },
    'llama.attention.head_count_kv': { u32: config.num_key_value_heads },
    'llama.attention.key_length': { u32: config.head_dim },
    'llama.attention.value_length': { u32: config.head_dim },
    'llama.rope.dimension_count': { u32: config.head_dim },
    'llama.rope.freq_base': { f32: config.rope_theta },
    'llama.attention.layer_norm_rms_epsilon': { f32: config.rms_norm_eps },
  };
}

/** A Llama folder's config.json. */
export function readLlamaConfig(folder: string): LlamaJson {
  return JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as LlamaJson;
}

/** A Llama's tensors as llama.cpp's converter writes them: other names, q and k permuted, vectors always F32. */
export function llamaTensors(
  config: LlamaJson,
  tensors: ReadonlyMap<string, { shape: readonly number[]; values: Float32Array }>,
  type: WrittenType,
): Record<string, WrittenTensor> {
  const { num_attention_heads: heads, num_key_value_heads: kvHeads } = config;
  const out: Record<string, WrittenTensor> = {};
  for (const [name, { shape, values }] of tensors) {
    const [rows = 0, cols = 0] = shape;
    const count = name.includes('q_proj') ? heads : name.includes('k_proj') ? kvHeads : undefined;
    const stored = count === undefined ? values : permute(values, rows, count);
    // Rows that are no whole blocks stay floats, as in llama.cpp's quantiser.
    const fits = type !== 'Q8_0' || cols % 32 === 0;
    out[ggufName(name)] = { shape, type: shape.length === 1 || !fits ? 'F32' : type, values: stored };
  }
  return out;
}

/** A Llama folder in Hugging Face layout as one GGUF. */
export function llamaGguf(
  folder: string,
  type: WrittenType,
  tokenizer: Readonly<Record<string, MetadataValue>> = {},
): Uint8Array<ArrayBuffer> {
  const config = readLlamaConfig(folder);
  const { tensors } = readSafetensors(readFileSync(join(folder, 'model.safetensors')));
  const values = new Map(
    [...tensors].map(([name, tensor]) => [name, { shape: tensor.shape, values: tensorToFloat32(tensor, name) }]),
  );
  return writeGguf({ ...llamaMetadata(config), ...tokenizer }, llamaTensors(config, values, type));
}
