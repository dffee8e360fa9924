import { describe, expect, it } from 'vitest';
import { makeModel } from '../index.ts';
import { parseQwen2Config } from './config.ts';

/** Qwen/Qwen2.5-0.5B's keys with other sizes. */
const QWEN25 = {
  architectures: ['Qwen2ForCausalLM'],
  attention_dropout: 0.0,
  bos_token_id: 151643,
  eos_token_id: 151643,
  hidden_act: 'silu',
  hidden_size: 56,
  initializer_range: 0.02,
  intermediate_size: 80,
  max_position_embeddings: 32768,
  max_window_layers: 24,
  model_type: 'qwen2',
  num_attention_heads: 14,
  num_hidden_layers: 4,
  num_key_value_heads: 2,
  rms_norm_eps: 1e-6,
  rope_theta: 1000000.0,
  sliding_window: 32768,
  tie_word_embeddings: true,
  torch_dtype: 'bfloat16',
  transformers_version: '4.40.1',
  use_cache: true,
  use_mrope: false,
  use_sliding_window: false,
  vocab_size: 151936,
};
const ALL = [undefined, undefined, undefined, undefined];

describe('parseQwen2Config', () => {
  it('reads the sizes; a window that is switched off is none', () => {
    expect(parseQwen2Config(QWEN25)).toMatchObject({ headDim: 4, kvHeads: 2, tieWordEmbeddings: true, windows: ALL });
    expect(parseQwen2Config({ ...QWEN25, layer_types: Array(4).fill('full_attention') }).windows).toEqual(ALL);
    expect(parseQwen2Config({ ...QWEN25, sliding_window: null }).windows).toEqual(ALL);
  });

  it('slides the layers from max_window_layers on, or those that layer_types names', () => {
    const sliding = { ...QWEN25, use_sliding_window: true, sliding_window: 9 };
    expect(parseQwen2Config({ ...sliding, max_window_layers: 3 }).windows).toEqual([
      undefined,
      undefined,
      undefined,
      9,
    ]);
    expect(parseQwen2Config({ ...sliding, max_window_layers: 0 }).windows).toEqual([9, 9, 9, 9]);
    const types = ['sliding_attention', 'full_attention', 'full_attention', 'sliding_attention'];
    expect(parseQwen2Config({ ...sliding, layer_types: types }).windows).toEqual([9, undefined, undefined, 9]);
  });

  it.each([
    [{ use_mrope: true }, /use_mrope: got true, wanted null or false/],
    [{ mlp_bias: true }, /unknown key 'mlp_bias'/],
    [{ use_sliding_window: true, sliding_window: null }, /sliding_window: got null, wanted a number, as/],
    [{ layer_types: ['full_attention'] }, /layer_types: got .* wanted 4 values/],
    [{ layer_types: Array(4).fill('sliding_attention') }, /use_sliding_window: got false, wanted true/],
    [{ layer_types: Array(4).fill('linear_attention') }, /layer_types: .*"full_attention" or "sliding_attention"/],
    [{ max_window_layers: -1 }, /max_window_layers: got -1/],
    [{ rope_scaling: { type: 'yarn', factor: 4, original_max_position_embeddings: 32768 } }, /type: got "yarn"/],
  ])('refuses %o', (json, message) => {
    expect(() => parseQwen2Config({ ...QWEN25, ...json })).toThrow(message);
  });

  it('has a bias on queries, keys and values alone', () => {
    const biases = makeModel(QWEN25)
      .weights.filter(({ name }) => name.startsWith('model.layers.0.') && name.endsWith('.bias'))
      .map(({ name, shape }) => [name.split('.').at(-2), ...shape]);
    expect(biases).toEqual([
      ['q_proj', 56],
      ['k_proj', 8],
      ['v_proj', 8],
    ]);
  });
});
