import { describe, expect, it } from 'vitest';
import { makeModel } from '../index.ts';
import { parseGemma3TextConfig } from './config.ts';

const TYPES = ['sliding_attention', 'sliding_attention', 'full_attention', 'sliding_attention'];

/** google/gemma-3-270m's keys with other sizes. */
const GEMMA3 = {
  _sliding_window_pattern: 6,
  architectures: ['Gemma3ForCausalLM'],
  attention_bias: false,
  attention_dropout: 0.0,
  attn_logit_softcapping: null,
  bos_token_id: 2,
  eos_token_id: 1,
  final_logit_softcapping: null,
  head_dim: 16,
  hidden_activation: 'gelu_pytorch_tanh',
  hidden_size: 40,
  initializer_range: 0.02,
  intermediate_size: 64,
  layer_types: TYPES,
  max_position_embeddings: 32768,
  model_type: 'gemma3_text',
  num_attention_heads: 4,
  num_hidden_layers: 4,
  num_key_value_heads: 1,
  pad_token_id: 0,
  query_pre_attn_scalar: 256,
  rms_norm_eps: 1e-6,
  rope_local_base_freq: 10000.0,
  rope_scaling: null,
  rope_theta: 1000000.0,
  sliding_window: 512,
  torch_dtype: 'bfloat16',
  transformers_version: '4.55.0.dev0',
  use_bidirectional_attention: false,
  use_cache: true,
  vocab_size: 262144,
};
const plain = (theta: number): Float64Array => Float64Array.from({ length: 8 }, (_, i) => theta ** ((-2 * i) / 16));

describe('parseGemma3TextConfig', () => {
  it('reads sizes, types and what transformers assumes where a key is missing', () => {
    expect(parseGemma3TextConfig(GEMMA3)).toMatchObject({
      headDim: 16,
      layerTypes: TYPES,
      window: 512,
      queryPreAttnScalar: 256,
      tieWordEmbeddings: true,
    });
    const { head_dim: _, num_key_value_heads: __, ...rest } = GEMMA3;
    expect(parseGemma3TextConfig(rest)).toMatchObject({ headDim: 256, kvHeads: 4 });
  });

  it('derives the types from the pattern, as older files spell it', () => {
    const { layer_types: _, _sliding_window_pattern: __, ...rest } = GEMMA3;
    const of = (json: object): readonly string[] => parseGemma3TextConfig({ ...rest, ...json }).layerTypes;
    expect(of({ sliding_window_pattern: 3, cache_implementation: 'hybrid' })).toEqual(TYPES);
    expect(of({ _sliding_window_pattern: 3 })).toEqual(TYPES);
    expect(of({})).toEqual(Array(4).fill('sliding_attention'));
  });

  it('has rotary positions for each type: the scaling is the global one’s', () => {
    const { rope } = parseGemma3TextConfig(GEMMA3);
    expect(rope.full_attention).toEqual({ inverseFrequencies: plain(1e6), theta: 1e6, attentionFactor: 1 });
    expect(rope.sliding_attention).toEqual({ inverseFrequencies: plain(1e4), theta: 1e4, attentionFactor: 1 });
    const scaled = parseGemma3TextConfig({ ...GEMMA3, rope_scaling: { rope_type: 'linear', factor: 8 } }).rope;
    expect(scaled.full_attention.inverseFrequencies).toEqual(plain(1e6).map((frequency) => frequency / 8));
    expect(scaled.sliding_attention).toEqual(rope.sliding_attention);
    const { rope_theta: _, rope_local_base_freq: __, rope_scaling: ___, ...rest } = GEMMA3;
    const rope_parameters = {
      full_attention: { rope_type: 'linear', rope_theta: 1e6, factor: 8 },
      sliding_attention: { rope_type: 'default', rope_theta: 1e4 },
    };
    expect(parseGemma3TextConfig({ ...rest, rope_parameters }).rope).toEqual(scaled);
  });

  it.each([
    [{ hidden_activation: 'gelu' }, /hidden_activation: got "gelu", wanted "gelu_pytorch_tanh"/],
    [{ attn_logit_softcapping: 50 }, /attn_logit_softcapping: got 50, wanted null/],
    [{ final_logit_softcapping: 30 }, /final_logit_softcapping: got 30, wanted null/],
    [{ use_bidirectional_attention: true }, /use_bidirectional_attention: got true/],
    [{ vision_config: {} }, /unknown key 'vision_config'.*keys of a Gemma 3 text model/],
    [{ rope_parameters: { full_attention: {} } }, /rope_parameters.sliding_attention: got nothing/],
    [{ rope_parameters: { full_attention: {}, sliding_attention: {}, other: {} } }, /'rope_parameters.other'/],
    [{ layer_types: ['full_attention'] }, /layer_types: got \["full_attention"\], wanted 4 values/],
  ])('refuses %o', (json, message) => {
    expect(() => parseGemma3TextConfig({ ...GEMMA3, ...json })).toThrow(message);
  });

  it('is what a gemma3 file of text and images is not', () => {
    expect(() => makeModel({ model_type: 'gemma3', text_config: GEMMA3, vision_config: {} })).toThrow(
      /model_type: got "gemma3", a model of text and images, wanted .*gemma3_text/,
    );
  });
});
