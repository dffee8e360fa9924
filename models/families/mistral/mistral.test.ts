import { describe, expect, it } from 'vitest';
import { parseMistralConfig } from './config.ts';

/** mistralai/Mistral-7B-v0.1's keys with other sizes. */
const V01 = {
  architectures: ['MistralForCausalLM'],
  bos_token_id: 1,
  eos_token_id: 2,
  hidden_act: 'silu',
  hidden_size: 64,
  initializer_range: 0.02,
  intermediate_size: 112,
  max_position_embeddings: 32768,
  model_type: 'mistral',
  num_attention_heads: 16,
  num_hidden_layers: 2,
  num_key_value_heads: 8,
  rms_norm_eps: 1e-5,
  rope_theta: 10000.0,
  sliding_window: 4096,
  tie_word_embeddings: false,
  torch_dtype: 'bfloat16',
  transformers_version: '4.34.0.dev0',
  use_cache: true,
  vocab_size: 32000,
};

describe('parseMistralConfig', () => {
  it('reads sizes and window', () => {
    expect(parseMistralConfig(V01)).toMatchObject({ window: 4096, heads: 16, kvHeads: 8, headDim: 4 });
  });

  it('knows no window where the file says null, and v0.1’s where it says nothing', () => {
    expect(parseMistralConfig({ ...V01, sliding_window: null, head_dim: 8 })).toMatchObject({
      window: undefined,
      headDim: 8,
    });
    expect(parseMistralConfig({ ...V01, sliding_window: undefined }).window).toBe(4096);
    expect(parseMistralConfig({ ...V01, num_key_value_heads: undefined }).kvHeads).toBe(8);
  });

  it.each([
    [{ attention_bias: true }, /attention_bias: got true, wanted null or false/],
    [{ num_local_experts: 8 }, /unknown key 'num_local_experts'.*keys of a Mistral model/],
    [{ hidden_act: 'relu' }, /hidden_act: got "relu"/],
    [{ sliding_window: 0 }, /sliding_window: got 0, wanted a number over 0/],
    [{ sliding_window: 4.5 }, /sliding_window: got 4.5, wanted a whole number/],
  ])('refuses %o', (json, message) => {
    expect(() => parseMistralConfig({ ...V01, ...json })).toThrow(message);
  });
});
