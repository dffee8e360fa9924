import { defineKernel, foldGrid, type Launch, type Variant } from '../../src/gpu/kernel.ts';
import wgsl from './matmul_tn.wgsl?raw';

export const kernel = defineKernel('matmul_tn', wgsl);

export interface MatmulTnArgs {
  /** N: the reduced axis */
  readonly rows: number;
  /** P: columns of a used, rows of g */
  readonly p: number;
  /** Q: columns of b used, columns of g */
  readonly q: number;
  /** Length of a row of a; default P. */
  readonly aStride?: number;
  /** First column of a used; default 0. */
  readonly aOffset?: number;
  /** Length of a row of b; default Q. */
  readonly bStride?: number;
  /** First column of b used; default 0. */
  readonly bOffset?: number;
  readonly alpha: number;
  readonly accumulate: boolean;
  readonly variant: Variant;
}

/**
 * g[p,q] = alpha · Σ_n a[n, aOffset + p] b[n, bOffset + q] (+ g[p,q]).
 * Operands: a [N, aStride], b [N, bStride] -> g [P, Q]. The sum runs in fixed order without atomics.
 */
export function matmulTn(args: MatmulTnArgs): Launch {
  const { rows, p, q, aStride = p, aOffset = 0, bStride = q, bOffset = 0, alpha } = args;
  return {
    kernel,
    entry: 'naive',
    overrides: { ACCUMULATE: args.accumulate ? 1 : 0 },
    params: { rows, p_len: p, q_len: q, a_stride: aStride, a_offset: aOffset, b_stride: bStride, b_offset: bOffset, alpha },
    operands: ['a', 'b', 'g'],
    workgroups: foldGrid(Math.ceil((p * q) / 64)),
    flops: 2 * rows * p * q,
  };
}
