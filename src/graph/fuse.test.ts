import { describe, expect, it } from 'vitest';
import { makeModel } from '../../models/families/index.ts';
import { planGeneration } from '../generate/inference-plan.ts';
import { DEFAULT_PROFILE, type DeviceProfile } from '../gpu/device-profile.ts';
import type { LoraSettings } from '../lora/lora.ts';

const LLAMA = {
  model_type: 'llama',
  ...{ hidden_size: 128, intermediate_size: 256, num_hidden_layers: 1, vocab_size: 300, max_position_embeddings: 64 },
  ...{ num_attention_heads: 4, num_key_value_heads: 2, rms_norm_eps: 1e-3, tie_word_embeddings: true },
};
const QWEN2 = { ...LLAMA, model_type: 'qwen2' };
const QWEN3 = { ...LLAMA, model_type: 'qwen3', head_dim: 32 };

interface Options {
  readonly lora?: LoraSettings;
  readonly device?: DeviceProfile;
  readonly rows?: number;
}

/** The kernels and entries of a token's launches. */
function tokenOf(
  config: Record<string, unknown>,
  { lora, device = DEFAULT_PROFILE, rows = 1 }: Options = {},
): string[] {
  const model = makeModel(config);
  const settings = { format: 'q4', tableRows: 64, slots: rows, context: 64 } as const;
  const { plans } = planGeneration(model, settings, device, lora, [rows]);
  return (plans.get(rows)?.launches ?? []).map(({ launch }) => `${launch.kernel.name}/${launch.entry}`);
}

const FUSED = [
  'embedding/forward',
  'row_product_norm/product',
  'split_attention/attend_parts',
  'row_product_parts/product_add',
  'row_product_norm/product_gated',
  'row_product/product_add',
  'row_product_norm/product',
  'top_k/sort_chunk',
  'top_k/finish',
];

const loraOn = (...paths: string[]): LoraSettings => ({ kind: 'lora', rank: 4, scale: 2, dropout: 0, paths });

describe('fuseRow', () => {
  it('leaves five launches of a layer, with biases or without', () => {
    expect(tokenOf(LLAMA)).toEqual(FUSED);
    expect(tokenOf(QWEN2)).toEqual(FUSED);
  });

  it('reads queries, keys and values, and gate and up, as one weight of all rows', () => {
    const model = makeModel(QWEN2);
    const settings = { format: 'q4', tableRows: 64, slots: 1, context: 64 } as const;
    const launches = planGeneration(model, settings, DEFAULT_PROFILE, undefined, [1]).plans.get(1)?.launches ?? [];
    const [qkv, gateUp] = launches.filter(({ launch }) => launch.kernel.name === 'row_product_norm');
    const bound = (planned: typeof qkv): string[] =>
      planned?.bindings.map(({ buffer, offsetBytes, sizeBytes }) => `${buffer} ${offsetBytes} ${sizeBytes}`) ?? [];
    const prefix = 'model.layers.0';
    expect(bound(qkv)).toEqual(
      expect.arrayContaining([
        `weight/${prefix}.self_attn.qkv.weight/0/codes 0 ${256 * 64}`,
        `weight/${prefix}.self_attn.qkv.weight/0/scales 0 ${256 * 16}`,
        `vector/${prefix}.self_attn.qkv.bias 0 ${256 * 4}`,
      ]),
    );
    expect(bound(gateUp)).toContain(`weight/${prefix}.mlp.gate_up.weight/0/codes 0 ${512 * 64}`);
    expect([qkv, gateUp].map((planned) => planned?.launch.params['out_features'])).toEqual([256, 256]);
  });

  it('keeps layers with an adapter as they are, and fuses what is around them', () => {
    const names = tokenOf(LLAMA, { lora: loraOn('model.layers.0.self_attn.v_proj') });
    expect(names.filter((name) => name.startsWith('cached_attention'))).toHaveLength(1);
    expect(names.filter((name) => name === 'row_product_norm/product_gated')).toHaveLength(1);
    expect(names.filter((name) => name === 'row_product/product_add')).toHaveLength(2);
    const down = tokenOf(LLAMA, { lora: loraOn('model.layers.0.mlp.down_proj') });
    expect(down.slice(0, 5)).toEqual(FUSED.slice(0, 5));
    expect(down.slice(5, 8)).toEqual(['matmul_nt/matvec', 'matmul_nt/matvec', 'row_product_norm/product']);
  });

  it('keeps an attention whose heads are normalised by themselves', () => {
    const names = tokenOf(QWEN3);
    expect(names.filter((name) => name.startsWith('cached_attention'))).toHaveLength(1);
    expect(names.filter((name) => name.startsWith('split_attention'))).toHaveLength(0);
    expect(names.slice(-6, -2)).toEqual(FUSED.slice(4, 7).toSpliced(0, 0, 'row_product/product_add'));
  });

  it('keeps weights apart that no binding can hold together', () => {
    const maxBindingBytes = 256 * 64;
    const names = tokenOf(LLAMA, {
      device: { ...DEFAULT_PROFILE, limits: { ...DEFAULT_PROFILE.limits, maxBindingBytes } },
    });
    // 256 rows of q, k and v fit, 512 of gate and up do not; the embedding, which is the head too, is in two parts.
    expect(names.slice(0, 4)).toEqual(FUSED.slice(0, 1).concat('embedding/forward', FUSED.slice(1, 3)));
    expect(names.filter((name) => name === 'gated_activation/gated_forward')).toHaveLength(1);
    expect(names.filter((name) => name === 'row_product_norm/product')).toHaveLength(3);
  });

  it('fuses nothing for software adapters, nor where rows may be of one slot', () => {
    for (const variant of ['serial', 'serial-quad'] as const)
      expect(tokenOf(LLAMA, { device: { ...DEFAULT_PROFILE, variant } })).toContain('rms_norm/forward_serial');
    expect(tokenOf(LLAMA, { rows: 2 })).toContain('rms_norm/forward');
  });
});
