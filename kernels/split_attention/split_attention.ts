import { defineKernel, foldGrid, type Launch } from '../../src/gpu/kernel.ts';
import { MOST_HEADS } from '../_lib/attention_parts.ts';
import tanh from '../_lib/tanh.wgsl?raw';
import wgsl from './split_attention.wgsl?raw';

const kernel = defineKernel('split_attention', [tanh, wgsl].join('\n'));

/** Parts that the past is split into. */
const PARTS = 8;
const LARGEST_HEAD_DIM = 256;

export interface SplitAttentionArgs {
  /** H */
  readonly heads: number;
  /** K, a divisor of H */
  readonly kvHeads: number;
  /** D, a multiple of 16, at most 256 */
  readonly headDim: number;
  /** Dimensions that are rotated, even; 0: none. */
  readonly rotaryDim: number;
  /** Positions of each cache slot. */
  readonly maxPositions: number;
  /** Factor on q·k, usually 1/sqrt(D). */
  readonly scale: number;
  /** Positions further back than this many are not seen. */
  readonly window?: number;
  /** Scores become cap · tanh(score / cap). */
  readonly softCap?: number;
}

/** Whether the kernel takes heads of such a size. */
export function isSplitAttention({ heads, headDim }: Pick<SplitAttentionArgs, 'heads' | 'headDim'>): boolean {
  return headDim % 16 === 0 && headDim <= LARGEST_HEAD_DIM && heads <= MOST_HEADS;
}

/** Of each part and head its sum over values and then (largest score, sum of weights, parts in use, 0). */
export function partsShape({
  heads,
  headDim,
}: Pick<SplitAttentionArgs, 'heads' | 'headDim'>): [number, number, number] {
  return [PARTS, heads, headDim + 4];
}

/**
 * One token's attention over slot slots[0] up to position positions[0], whose key and value it writes there.
 * Operands: qkv [(H + 2 K)·D], cos_table, sin_table [maxPositions, rotaryDim / 2] (with rotaryDim), slots u32 [1],
 * positions u32 [1], cache_k, cache_v [slots, maxPositions, K, D] -> parts (partsShape).
 */
export function splitAttention(args: SplitAttentionArgs): Launch {
  const { heads, kvHeads, headDim, rotaryDim, maxPositions, scale, window = 0, softCap = 0 } = args;
  return {
    kernel,
    entry: 'attend_parts',
    overrides: { CAPPED: softCap === 0 ? 0 : 1 },
    params: {
      ...{ heads, kv_heads: kvHeads, head_vecs: headDim / 4, half_dim: rotaryDim / 2 },
      ...{ max_positions: maxPositions, scale, window, soft_cap: softCap },
    },
    operands: ['qkv', 'cos_table', 'sin_table', 'slots', 'positions', 'cache_k', 'cache_v', 'parts'],
    ...(rotaryDim === 0 && { aliases: { cos_table: 'qkv', sin_table: 'qkv' } }),
    workgroups: foldGrid(PARTS * kvHeads * Math.ceil(heads / kvHeads / 4)),
    flops: 4 * heads * headDim * maxPositions,
  };
}
