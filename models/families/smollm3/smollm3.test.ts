import { describe, expect, it } from 'vitest';
import { parseSmolLm3Config } from './config.ts';

/** HuggingFaceTB/SmolLM3-3B's keys with other sizes. */
const SMOLLM3 = {
  architectures: ['SmolLM3ForCausalLM'],
  attention_bias: false,
  attention_dropout: 0.0,
  bos_token_id: 128000,
  eos_token_id: 128012,
  hidden_act: 'silu',
  hidden_size: 64,
  initializer_range: 0.02,
  intermediate_size: 112,
  layer_types: Array<string>(6).fill('full_attention'),
  max_position_embeddings: 65536,
  max_window_layers: 28,
  mlp_bias: false,
  model_type: 'smollm3',
  no_rope_layer_interval: 4,
  no_rope_layers: [1, 1, 1, 0, 1, 1],
  num_attention_heads: 16,
  num_hidden_layers: 6,
  num_key_value_heads: 4,
  pad_token_id: 128004,
  pretraining_tp: 2,
  rms_norm_eps: 1e-6,
  rope_scaling: null,
  rope_theta: 5000000.0,
  sliding_window: null,
  torch_dtype: 'bfloat16',
  transformers_version: '4.54.0.dev0',
  use_cache: false,
  use_sliding_window: false,
  vocab_size: 128256,
};

describe('parseSmolLm3Config', () => {
  it('reads which layers rotate, and ties the head unless told otherwise', () => {
    const config = parseSmolLm3Config(SMOLLM3);
    expect(config).toMatchObject({ tieWordEmbeddings: true, headDim: 4, kvHeads: 4 });
    expect(config.rotates).toEqual([true, true, true, false, true, true]);
    expect(config.windows.every((window) => window === undefined)).toBe(true);
    expect(parseSmolLm3Config({ ...SMOLLM3, tie_word_embeddings: false }).tieWordEmbeddings).toBe(false);
  });

  it('derives them from the interval where the list is missing', () => {
    const { no_rope_layers: _, ...rest } = SMOLLM3;
    expect(parseSmolLm3Config(rest).rotates).toEqual([true, true, true, false, true, true]);
    const everyOther = parseSmolLm3Config({ ...rest, no_rope_layer_interval: 2 });
    expect(everyOther.rotates).toEqual([true, false, true, false, true, false]);
  });

  it('slides the layers without positions when windows are on', () => {
    const { layer_types: _, ...rest } = SMOLLM3;
    const config = parseSmolLm3Config({ ...rest, use_sliding_window: true, sliding_window: 8 });
    expect(config.windows).toEqual([undefined, undefined, undefined, 8, undefined, undefined]);
  });

  it.each([
    [{ no_rope_layers: [1, 0] }, /no_rope_layers: got \[1,0\], wanted 6 values, each 0 or 1/],
    [{ no_rope_layers: [1, 1, 1, 2, 1, 1] }, /no_rope_layers/],
    [{ nope: true }, /unknown key 'nope'.*keys of a SmolLM3 model/],
  ])('refuses %o', (json, message) => {
    expect(() => parseSmolLm3Config({ ...SMOLLM3, ...json })).toThrow(message);
  });
});
