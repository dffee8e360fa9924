import { WebLoraError } from '../../src/errors.ts';
import type { KernelVariant } from '../../src/gpu/device-profile.ts';
import { defineKernel, foldGrid, type Launch } from '../../src/gpu/kernel.ts';
import spreadWgsl from '../_lib/software/quad_broadcast.wgsl?raw';
import wgsl from './top_k.wgsl?raw';
import quadsWgsl from './software/top_k_quad.wgsl?raw';

const kernel = defineKernel('top_k', wgsl);
const quadsKernel = defineKernel('top_k', [quadsWgsl, wgsl, spreadWgsl].join('\n'));

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
  const isQuads = variant === 'serial-quad' && k === 1;
  const entry = isQuads ? 'best_quads' : variant === 'workgroup' ? 'rows_workgroup' : 'rows_serial';
  return {
    kernel: isQuads ? quadsKernel : kernel,
    entry,
    overrides: OVERRIDES[entry],
    params: { rows, vocab, k },
    operands: ['logits', 'values', 'indices', 'lse'],
    workgroups: foldGrid(rows),
    flops: 6 * rows * vocab,
  };
}
