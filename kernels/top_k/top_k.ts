import { WebLoraError } from '../../src/errors.ts';
import type { KernelVariant } from '../../src/gpu/device-profile.ts';
import { defineKernel, foldGrid, type Launch } from '../../src/gpu/kernel.ts';
import broadcastWgsl from '../_lib/software/quad_broadcast.wgsl?raw';
import quadsWgsl from './software/top_k_quad.wgsl?raw';
import serialWgsl from './software/top_k_serial.wgsl?raw';
import wgsl from './top_k.wgsl?raw';

const KERNELS = {
  rows_workgroup: defineKernel('top_k', wgsl),
  rows_serial: defineKernel('top_k', [wgsl, serialWgsl].join('\n')),
  best_quads: defineKernel('top_k', [quadsWgsl, wgsl, serialWgsl, broadcastWgsl].join('\n')),
} as const;

export const MAX_K = 64;

export interface TopKArgs {
  /** S, sequences decoded together. */
  readonly rows: number;
  /** V */
  readonly vocab: number;
  /** At most 64, at most V. */
  readonly k: number;
  readonly variant: KernelVariant;
}

/** How each entry is compiled. */
const OVERRIDES = { rows_workgroup: { WG: 256 }, rows_serial: {}, best_quads: {} } as const;

/**
 * The k largest finite logits of each row, descending, ties by lower index, and the log-sum-exp of the whole row.
 * Operands: logits [S, V] -> values [S, k], indices [S, k] u32, lse [S]. A place for which no finite logit is left gets
 * index 0xffffffff; NaN or +infinity makes lse NaN.
 * @throws `internal` when k is out of its range
 */
export function topK({ rows, vocab, k, variant }: TopKArgs): Launch {
  if (!(k >= 1 && k <= Math.min(MAX_K, vocab)))
    throw new WebLoraError('internal', 'top_k: k', { got: k, wanted: `1 to ${Math.min(MAX_K, vocab)}` });
  const isBest = variant === 'serial-quad' && k === 1;
  const entry = isBest ? 'best_quads' : variant === 'workgroup' ? 'rows_workgroup' : 'rows_serial';
  return {
    kernel: KERNELS[entry],
    entry,
    overrides: OVERRIDES[entry],
    params: { rows, vocab, k },
    operands: ['logits', 'values', 'indices', 'lse'],
    workgroups: foldGrid(rows),
    flops: 6 * rows * vocab,
  };
}
