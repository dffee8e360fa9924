import { describe, expect, it } from 'vitest';
import { makeModel } from '../index.ts';
import { rotaryTables } from '../rope.ts';
import { parseLlamaConfig } from './config.ts';

const TINY = {
  architectures: ['LlamaForCausalLM'],
  attention_dropout: 0,
  hidden_act: 'silu',
  hidden_size: 48,
  intermediate_size: 80,
  max_position_embeddings: 512,
  model_type: 'llama',
  num_attention_heads: 6,
  num_hidden_layers: 3,
  num_key_value_heads: 2,
  rms_norm_eps: 1e-5,
  rope_scaling: null,
  rope_theta: 10000,
  torch_dtype: 'bfloat16',
  vocab_size: 97,
};

/** The keys that meta-llama/Llama-3.2-1B-Instruct has beside these. */
const LLAMA32_ROPE = {
  factor: 32.0,
  high_freq_factor: 4.0,
  low_freq_factor: 1.0,
  original_max_position_embeddings: 8192,
  rope_type: 'llama3',
};

const frequenciesOf = (json: object): number[] => [
  ...(makeModel({ ...TINY, ...json }).rope['default']?.inverseFrequencies ?? []),
];

describe('parseLlamaConfig', () => {
  it('reads the sizes, with what transformers assumes where a key is missing', () => {
    expect(parseLlamaConfig(TINY)).toMatchObject({
      hiddenSize: 48,
      layers: 3,
      heads: 6,
      kvHeads: 2,
      headDim: 8,
      intermediateSize: 80,
      vocabSize: 97,
      rmsNormEps: 1e-5,
      maxPositions: 512,
      tieWordEmbeddings: false,
      attentionBias: false,
      mlpBias: false,
    });
    expect(parseLlamaConfig({ ...TINY, num_key_value_heads: undefined, head_dim: null }).kvHeads).toBe(6);
  });

  it('accepts the keys of SmolLM2, TinyLlama and Llama 3.2 that change nothing', () => {
    const harmless = {
      is_llama_config: true,
      rope_interleaved: false,
      'transformers.js_config': { dtype: { fp16: 'model.onnx' } },
      pretraining_tp: 2,
      bos_token_id: 128000,
      eos_token_id: [128001, 128008],
      unsloth_fixed: true,
      quantization_config: null,
      pruned_heads: {},
      id2label: { 0: 'LABEL_0' },
    };
    expect(parseLlamaConfig({ ...TINY, ...harmless })).toEqual(parseLlamaConfig(TINY));
  });

  it.each([
    [{ hidden_act: 'gelu' }, /hidden_act: got "gelu", wanted "silu" or "swish"/],
    [{ num_local_experts: 8 }, /unknown key 'num_local_experts': got 8, wanted only keys of a Llama model/],
    [{ sliding_window: 128 }, /sliding_window: got 128, wanted null/],
    [{ rope_interleaved: true }, /rope_interleaved: got true/],
    [{ quantization_config: { bits: 4 } }, /quantization_config: got .*unquantised weights/],
    [{ is_encoder_decoder: true }, /is_encoder_decoder: got true, wanted false/],
    [{ num_key_value_heads: 4 }, /num_key_value_heads: got 4, wanted a divisor of num_attention_heads \(6\)/],
    [{ hidden_size: 50 }, /head_dim: got nothing, wanted a whole number: without it, 8.33/],
    [{ head_dim: 7 }, /head_dim: got 7, wanted an even number/],
    [{ head_dim: 512 }, /head_dim: got 512, wanted at most 256/],
    [{ vocab_size: '97' }, /vocab_size: got "97", wanted a number over 0; check that the folder holds a Llama model/],
    [{ rms_norm_eps: 0 }, /rms_norm_eps: got 0/],
    [{ tie_word_embeddings: 1 }, /tie_word_embeddings: got 1, wanted true or false/],
    [{ rope_scaling: { rope_type: 'yarn', factor: 4 } }, /rope_scaling.rope_type: got "yarn", wanted "default" or/],
    [{ rope_scaling: { type: 'dynamic', factor: 4 } }, /rope_scaling.type: got "dynamic"/],
    [{ rope_scaling: { type: 'longrope', short_factor: [1] } }, /rope_scaling.type: got "longrope"/],
    [{ rope_scaling: { type: 'linear' } }, /rope_scaling.factor: got nothing, wanted a number over 0/],
    [{ rope_scaling: { type: 'linear', factor: 2, beta: 1 } }, /unknown key 'rope_scaling.beta'/],
    [{ rope_scaling: { ...LLAMA32_ROPE, high_freq_factor: 1 } }, /high_freq_factor: got 1, wanted more than low/],
    [{ rope_scaling: [] }, /rope_scaling: got \[\], wanted an object or null/],
    [{ rope_scaling: LLAMA32_ROPE, rope_parameters: LLAMA32_ROPE }, /either rope_scaling or rope_parameters/],
  ])('refuses %o', (json, message) => {
    expect(() => parseLlamaConfig({ ...TINY, ...json })).toThrow(message);
  });
});

describe('rotary positions of a config', () => {
  it('are theta to the power of -2i/D', () => {
    const expected = [0, 1, 2, 3].map((i) => 1 / 500 ** ((2 * i) / 8));
    const ours = frequenciesOf({ rope_theta: 500 });
    expected.forEach((frequency, i) => expect(ours[i]).toBeCloseTo(frequency, 14));
    expect(
      frequenciesOf({ rope_theta: undefined, rope_parameters: { rope_theta: 500, rope_type: 'default' } }),
    ).toEqual(ours);
  });

  it('are divided by the factor of linear scaling, in both spellings', () => {
    const halved = frequenciesOf({}).map((frequency) => frequency / 2);
    expect(frequenciesOf({ rope_scaling: { type: 'linear', factor: 2 } })).toEqual(halved);
    expect(frequenciesOf({ rope_scaling: { rope_type: 'linear', type: 'linear', factor: 2 } })).toEqual(halved);
    expect(frequenciesOf({ rope_parameters: { rope_type: 'linear', rope_theta: 10000, factor: 2 } })).toEqual(halved);
  });

  // Wavelengths of Llama 3.2 1B: head size 64, theta 500000.
  it('keep short waves, slow long ones by the factor and blend between, as Llama 3 does', () => {
    const json = { hidden_size: 384, head_dim: 64, rope_theta: 500000 };
    const plain = frequenciesOf(json);
    const scaled = frequenciesOf({ ...json, rope_scaling: LLAMA32_ROPE });
    const kinds = plain.map((frequency, i) => {
      const wavelength = (2 * Math.PI) / frequency;
      const ratio = frequency / (scaled[i] ?? Number.NaN);
      if (wavelength < 8192 / 4) return (expect(ratio).toBe(1), 'kept');
      if (wavelength > 8192 / 1) return (expect(ratio).toBeCloseTo(32, 12), 'slowed');
      const smooth = (8192 / wavelength - 1) / (4 - 1);
      expect(scaled[i]).toBeCloseTo((1 - smooth) * (frequency / 32) + smooth * frequency, 15);
      return 'blended';
    });
    expect(new Set(kinds)).toEqual(new Set(['kept', 'blended', 'slowed']));
    expect(frequenciesOf({ ...json, rope_parameters: { ...LLAMA32_ROPE, rope_theta: 500000 } })).toEqual(scaled);
  });
});

describe('rotaryTables', () => {
  it('hold cosine and sine of position times frequency, times the attention factor', () => {
    const table = { inverseFrequencies: Float64Array.of(1, 0.25), theta: 10000, attentionFactor: 1.5 };
    const { cos, sin } = rotaryTables(table, 3);
    expect(cos).toEqual(
      Float32Array.from([1, 1, Math.cos(1), Math.cos(0.25), Math.cos(2), Math.cos(0.5)], (v) => 1.5 * v),
    );
    expect(sin).toEqual(
      Float32Array.from([0, 0, Math.sin(1), Math.sin(0.25), Math.sin(2), Math.sin(0.5)], (v) => 1.5 * v),
    );
  });
});
