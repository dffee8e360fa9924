import { describe, expect, it } from 'vitest';
import { makeModel } from '../index.ts';
import { parsePhi3Config } from './config.ts';

/** microsoft/Phi-3-mini-4k-instruct's keys with other sizes. */
const PHI3 = {
  _name_or_path: 'Phi-3-mini-4k-instruct',
  architectures: ['Phi3ForCausalLM'],
  attention_bias: false,
  attention_dropout: 0.0,
  auto_map: { AutoConfig: 'configuration_phi3.Phi3Config' },
  bos_token_id: 1,
  embd_pdrop: 0.0,
  eos_token_id: 32000,
  hidden_act: 'silu',
  hidden_size: 64,
  initializer_range: 0.02,
  intermediate_size: 88,
  max_position_embeddings: 4096,
  model_type: 'phi3',
  num_attention_heads: 4,
  num_hidden_layers: 2,
  num_key_value_heads: 2,
  original_max_position_embeddings: 4096,
  pad_token_id: 32000,
  resid_pdrop: 0.0,
  rms_norm_eps: 1e-5,
  rope_scaling: null,
  rope_theta: 10000.0,
  sliding_window: 2047,
  tie_word_embeddings: false,
  torch_dtype: 'bfloat16',
  transformers_version: '4.40.2',
  use_cache: true,
  vocab_size: 32064,
};
const SHORT = [1, 1.25, 1.5, 2, 3, 4, 8, 16];
const LONG = { long_factor: SHORT.map((factor) => factor * 10), short_factor: SHORT, type: 'longrope' };

describe('parsePhi3Config', () => {
  it('reads window and sizes', () => {
    expect(parsePhi3Config(PHI3)).toMatchObject({ window: 2047, headDim: 16, maxPositions: 4096 });
    expect(parsePhi3Config({ ...PHI3, sliding_window: null }).window).toBeUndefined();
  });

  it('rotates a part of each head, in both spellings', () => {
    const expected = Float64Array.from({ length: 6 }, (_, i) => 10000 ** ((-2 * i) / 12));
    expect(parsePhi3Config({ ...PHI3, partial_rotary_factor: 0.75 }).rope.inverseFrequencies).toEqual(expected);
    const { rope_theta: _, rope_scaling: __, ...rest } = PHI3;
    const rope_parameters = { rope_type: 'default', rope_theta: 10000, partial_rotary_factor: 0.75 };
    expect(parsePhi3Config({ ...rest, rope_parameters }).rope.inverseFrequencies).toEqual(expected);
  });

  it('computes LongRoPE with its short factors, for the context they are right for', () => {
    const config = parsePhi3Config({ ...PHI3, max_position_embeddings: 131072, rope_scaling: LONG });
    expect(config.maxPositions).toBe(4096);
    expect(config.rope.attentionFactor).toBeCloseTo(Math.sqrt(1 + Math.log(32) / Math.log(4096)), 14);
    SHORT.forEach((factor, i) => {
      expect(config.rope.inverseFrequencies[i]).toBeCloseTo(1 / (factor * 10000 ** (i / 8)), 15);
    });
    expect(
      parsePhi3Config({ ...PHI3, max_position_embeddings: 131072, rope_scaling: { ...LONG, type: 'su' } }),
    ).toEqual(config);
    const rope_parameters = {
      rope_type: 'longrope',
      rope_theta: 10000,
      short_factor: SHORT,
      long_factor: SHORT,
      original_max_position_embeddings: 4096,
      partial_rotary_factor: 1,
    };
    const { rope_theta: _, rope_scaling: __, original_max_position_embeddings: ___, ...rest } = PHI3;
    expect(parsePhi3Config({ ...rest, max_position_embeddings: 131072, rope_parameters })).toEqual(config);
  });

  it.each([
    [{ attention_bias: true }, /attention_bias: got true/],
    [{ lm_head_bias: true }, /lm_head_bias: got true/],
    [{ rope_scaling: { type: 'yarn', short_factor: SHORT } }, /rope_scaling.type: got "yarn"/],
    [{ rope_scaling: { ...LONG, short_factor: [1, 2] } }, /short_factor: got \[1,2\], wanted 8 values/],
    [{ rope_scaling: { type: 'longrope' } }, /short_factor: got nothing, wanted 8 numbers/],
    [{ partial_rotary_factor: 0.2 }, /partial_rotary_factor: got 0.2, wanted .* even number/],
    [
      { rope_scaling: null, rope_parameters: { partial_rotary_factor: 0.5 }, partial_rotary_factor: 1 },
      /partial_rotary/,
    ],
    [{ mup_use_scaling: true }, /unknown key 'mup_use_scaling'.*keys of a Phi-3 model/],
  ])('refuses %o', (json, message) => {
    expect(() => parsePhi3Config({ ...PHI3, ...json })).toThrow(message);
  });

  it('keeps the fused names as targets', () => {
    const { linearPaths, weights } = makeModel(PHI3);
    expect(linearPaths.slice(0, 4)).toEqual([
      'model.layers.0.self_attn.qkv_proj',
      'model.layers.0.self_attn.o_proj',
      'model.layers.0.mlp.gate_up_proj',
      'model.layers.0.mlp.down_proj',
    ]);
    expect(weights.find(({ name }) => name.includes('qkv_proj'))?.shape).toEqual([128, 64]);
    expect(weights.find(({ name }) => name.includes('gate_up'))?.shape).toEqual([176, 64]);
  });
});
