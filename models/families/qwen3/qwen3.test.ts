import { describe, expect, it } from 'vitest';
import { makeModel } from '../index.ts';
import { parseQwen3Config } from './config.ts';

/** Qwen/Qwen3-0.6B's keys with other sizes. */
const QWEN3 = {
  architectures: ['Qwen3ForCausalLM'],
  attention_bias: false,
  attention_dropout: 0.0,
  bos_token_id: 151643,
  eos_token_id: 151645,
  head_dim: 16,
  hidden_act: 'silu',
  hidden_size: 56,
  initializer_range: 0.02,
  intermediate_size: 80,
  max_position_embeddings: 40960,
  max_window_layers: 28,
  model_type: 'qwen3',
  num_attention_heads: 6,
  num_hidden_layers: 2,
  num_key_value_heads: 2,
  rms_norm_eps: 1e-6,
  rope_scaling: null,
  rope_theta: 1000000,
  sliding_window: null,
  tie_word_embeddings: true,
  torch_dtype: 'bfloat16',
  transformers_version: '4.51.0',
  use_cache: true,
  use_sliding_window: false,
  vocab_size: 151936,
};

describe('parseQwen3Config', () => {
  it('reads a head size of its own, 128 where the key is missing', () => {
    expect(parseQwen3Config(QWEN3)).toMatchObject({ headDim: 16, windows: [undefined, undefined] });
    expect(parseQwen3Config({ ...QWEN3, head_dim: undefined }).headDim).toBe(128);
  });

  it.each([
    [{ num_experts: 64 }, /unknown key 'num_experts'.*keys of a Qwen3 model/],
    [{ use_sliding_window: true }, /sliding_window: got null/],
    [{ rope_parameters: { rope_type: 'yarn', rope_theta: 1e6 } }, /rope_parameters.rope_type: got "yarn"/],
  ])('refuses %o', (json, message) => {
    expect(() => parseQwen3Config({ ...QWEN3, ...json })).toThrow(message);
  });

  it('norms each head’s queries and keys', () => {
    const norms = makeModel(QWEN3).weights.filter(({ name }) => /layers\.1\.self_attn\.._norm/.test(name));
    expect(norms.map(({ name, shape }) => [name, ...shape])).toEqual([
      ['model.layers.1.self_attn.q_norm.weight', 16],
      ['model.layers.1.self_attn.k_norm.weight', 16],
    ]);
  });
});
