import { WebLoraError } from '../../src/errors.ts';
import { defineKernel, foldGrid, type Launch, type Variant } from '../../src/gpu/kernel.ts';
import wgsl from './top_k.wgsl?raw';

export const kernel = defineKernel('top_k', wgsl);

export const MAX_K = 64;

export interface TopKArgs {
  /** S, sequences decoded together. */
  readonly rows: number;
  /** V */
  readonly vocab: number;
  /** At most 64, at most V. */
  readonly k: number;
  readonly variant: Variant;
}

/**
 * The k largest finite logits of each row, descending, ties by lower index, and the log-sum-exp of the whole row.
 * Operands: logits [S, V] -> values [S, k], indices [S, k] u32, lse [S]. A place for which no finite logit is left gets
 * index 0xffffffff; NaN or +infinity makes lse NaN.
 * @throws `internal` when k is out of its range
 */
export function topK({ rows, vocab, k, variant }: TopKArgs): Launch {
  if (!(k >= 1 && k <= Math.min(MAX_K, vocab)))
    throw new WebLoraError('internal', 'top_k: k', { got: k, wanted: `1 to ${Math.min(MAX_K, vocab)}` });
  const isSerial = variant === 'serial';
  return {
    kernel,
    entry: isSerial ? 'rows_serial' : 'rows_workgroup',
    overrides: isSerial ? {} : { WG: 256 },
    params: { rows, vocab, k },
    operands: ['logits', 'values', 'indices', 'lse'],
    workgroups: foldGrid(rows),
    flops: 6 * rows * vocab,
  };
}
