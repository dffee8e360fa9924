import { WebLoraError } from '../../src/errors.ts';
import type { KernelVariant } from '../../src/gpu/device-profile.ts';
import { foldGrid, type Launch } from '../../src/gpu/kernel.ts';
import rowsWgsl from '../_lib/software/quad_rows.wgsl?raw';
import tanh from '../_lib/tanh.wgsl?raw';
import { defineVectorKernel, vectorWidth } from '../_lib/vector.ts';
import wgsl from './cached_attention.wgsl?raw';
import quadsWgsl from './software/cached_attention_quad.wgsl?raw';
import serialWgsl from './software/cached_attention_serial.wgsl?raw';

const KERNELS = {
  attend: defineVectorKernel('cached_attention', tanh, wgsl),
  attend_serial: defineVectorKernel('cached_attention', tanh, wgsl, serialWgsl),
  attend_quads: defineVectorKernel('cached_attention', quadsWgsl, tanh, wgsl, rowsWgsl),
} as const;
const LARGEST_HEAD_DIM = 256;
/** Loads of a head that one invocation of the serial variant sums. */
const SERIAL_SLOTS = 8;
/** Heads that four invocations take at most. */
const QUAD_HEADS = 4;

export interface CachedAttentionArgs {
  /** N: sequences in decode, tokens of one or more prompts in prefill */
  readonly rows: number;
  /** H */
  readonly heads: number;
  /** K, a divisor of H */
  readonly kvHeads: number;
  /** D, at most 256 */
  readonly headDim: number;
  /** Positions of each cache slot. */
  readonly maxPositions: number;
  /** Factor on q·k, usually 1/sqrt(D). */
  readonly scale: number;
  /** Positions further back than this many are not seen. */
  readonly window?: number;
  /** Scores become cap · tanh(score / cap). */
  readonly softCap?: number;
  readonly variant: KernelVariant;
}

export type CachedAttentionEntry = keyof typeof KERNELS;

const ENTRIES: Readonly<Record<KernelVariant, CachedAttentionEntry>> = {
  workgroup: 'attend',
  serial: 'attend_serial',
  'serial-quad': 'attend_quads',
};

/**
 * Row n attends to cache positions 0..positions[n] of slot slots[n]; rows of slot 0xffffffff become zero.
 * Operands: q [N, H, D], cache_k, cache_v [slots, maxPositions, K, D], slots u32 [N], positions u32 [N] -> o [N, H, D].
 */
export function cachedAttention(args: CachedAttentionArgs, entry = ENTRIES[args.variant]): Launch {
  const { rows, heads, kvHeads, headDim, maxPositions, scale, window = 0, softCap = 0 } = args;
  if (headDim > LARGEST_HEAD_DIM || heads % kvHeads !== 0) {
    throw new WebLoraError('internal', 'cached_attention: shape', {
      got: `heads ${heads}, kvHeads ${kvHeads}, headDim ${headDim}`,
      wanted: `heads a multiple of kvHeads, and headDim at most ${LARGEST_HEAD_DIM}`,
    });
  }
  const lanes = entry === 'attend' ? 64 : 4;
  const group = heads / kvHeads;
  const quadsOfGroup = Math.ceil(group / QUAD_HEADS);
  const width = vectorWidth(headDim);
  const headVecs = headDim / width;
  const workgroups: Readonly<Record<CachedAttentionEntry, number>> = {
    attend: rows * heads,
    attend_serial: Math.ceil((rows * heads * Math.ceil(headVecs / SERIAL_SLOTS)) / lanes),
    attend_quads: rows * kvHeads * quadsOfGroup,
  };
  const isQuads = entry === 'attend_quads';
  return {
    kernel: KERNELS[entry][width],
    entry,
    overrides: {
      CAPPED: softCap === 0 ? 0 : 1,
      ...(isQuads ? { HEADS: Math.ceil(group / quadsOfGroup) } : { WG: lanes }),
    },
    params: {
      rows,
      heads,
      kv_heads: kvHeads,
      head_vecs: headVecs,
      max_positions: maxPositions,
      scale,
      window,
      soft_cap: softCap,
    },
    operands: ['q', 'cache_k', 'cache_v', 'slots', 'positions', 'o'],
    workgroups: foldGrid(workgroups[entry]),
    flops: 4 * rows * heads * headDim * maxPositions,
  };
}
