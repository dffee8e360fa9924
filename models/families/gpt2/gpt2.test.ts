import { describe, expect, it } from 'vitest';
import { float32Tensor } from '../../../src/formats/safetensors.ts';
import { testValues } from '../../../test/harness/compare.ts';
import { openRandomModel } from '../../../test/harness/random-model.ts';
import { makeModel } from '../index.ts';
import { parseGpt2Config } from './config.ts';

/** openai-community/gpt2's keys with other sizes. */
const GPT2 = {
  activation_function: 'gelu_new',
  architectures: ['GPT2LMHeadModel'],
  attn_pdrop: 0.1,
  bos_token_id: 50256,
  embd_pdrop: 0.1,
  eos_token_id: 50256,
  initializer_range: 0.02,
  layer_norm_epsilon: 1e-5,
  model_type: 'gpt2',
  n_ctx: 32,
  n_embd: 12,
  n_head: 4,
  n_layer: 2,
  n_positions: 32,
  resid_pdrop: 0.1,
  summary_activation: null,
  summary_first_dropout: 0.1,
  summary_proj_to_labels: true,
  summary_type: 'cls_index',
  summary_use_proj: true,
  task_specific_params: { 'text-generation': { do_sample: true, max_length: 50 } },
  vocab_size: 29,
};

describe('parseGpt2Config', () => {
  it('reads the sizes, with what transformers assumes where a key is missing', () => {
    expect(parseGpt2Config(GPT2)).toMatchObject({ headDim: 3, intermediateSize: 48, tieWordEmbeddings: true });
    expect(parseGpt2Config({ ...GPT2, n_inner: null }).intermediateSize).toBe(48);
    expect(parseGpt2Config({ ...GPT2, n_inner: 20 }).intermediateSize).toBe(20);
    expect(parseGpt2Config({ model_type: 'gpt2' })).toMatchObject({ hiddenSize: 768, layers: 12, maxPositions: 1024 });
  });

  it.each([
    [{ activation_function: 'gelu' }, /activation_function: got "gelu", wanted "gelu_new" or "gelu_pytorch_tanh"/],
    [{ activation_function: 'relu' }, /activation_function: got "relu"/],
    [{ scale_attn_weights: false }, /scale_attn_weights: got false, wanted true/],
    [{ scale_attn_by_inverse_layer_idx: true }, /scale_attn_by_inverse_layer_idx: got true/],
    [{ add_cross_attention: true }, /add_cross_attention: got true/],
    [{ n_head: 5 }, /n_head: got 5, wanted a divisor of n_embd \(12\)/],
    [{ n_embd: 1200 }, /n_embd \/ n_head: got 300, wanted at most 256/],
    [{ rope_theta: 10000 }, /unknown key 'rope_theta'.*keys of a GPT-2 model/],
  ])('refuses %o', (json, message) => {
    expect(() => parseGpt2Config({ ...GPT2, ...json })).toThrow(message);
  });
});

describe('a GPT-2 checkpoint', () => {
  const short = (name: string): string => name.replace(/^transformer\./, '');
  const masks = {
    'h.0.attn.bias': float32Tensor(new Float32Array(9), [1, 1, 3, 3]),
    'h.0.attn.masked_bias': float32Tensor(new Float32Array(1), []),
  };

  it('is read by either spelling, masks left out, Conv1D transposed once', async () => {
    const plain = await openRandomModel(GPT2);
    const openai = await openRandomModel(GPT2, short, masks);
    const spec = plain.model.weights.findIndex(({ name }) => name.endsWith('h.0.attn.c_attn.weight'));
    expect(plain.model.weights[spec]?.shape).toEqual([36, 12]);
    // What the folder stores is [12, 36], made of the same numbers.
    const stored = testValues(432, spec + 1, 1.2 / Math.sqrt(12));
    const expected = Float32Array.from({ length: 432 }, (_, i) => stored[(i % 12) * 36 + Math.floor(i / 12)] ?? 0);
    for (const opened of [plain, openai]) {
      expect(await opened.read('transformer.h.0.attn.c_attn.weight')).toEqual(expected);
      expect(await opened.read('transformer.h.1.attn.c_attn.bias')).toHaveLength(36);
      expect(await opened.read('transformer.wpe.weight')).toHaveLength(32 * 12);
    }
  });

  it('is refused when it holds what GPT-2 does not have', async () => {
    const extra = { 'h.0.attn.c_attn.scale': float32Tensor(new Float32Array(1), [1]) };
    await expect(openRandomModel(GPT2, short, extra)).rejects.toThrow(/tensor h.0.attn.c_attn.scale: got a tensor/);
  });

  it('has no rotary positions and an untied head where config.json says so', () => {
    expect(makeModel(GPT2)).toMatchObject({ rope: {}, headName: 'transformer.wte.weight' });
    expect(makeModel({ ...GPT2, tie_word_embeddings: false }).headName).toBe('lm_head.weight');
  });
});
