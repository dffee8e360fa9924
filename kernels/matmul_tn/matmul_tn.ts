import { defineKernel, foldGrid, type Launch, type Variant } from '../../src/gpu/kernel.ts';
import { serialWorkgroupSize } from '../_lib/serial.ts';
import wgsl from './matmul_tn.wgsl?raw';

export const kernel = defineKernel('matmul_tn', wgsl);

export type MatmulTnEntry = 'serial' | 'tile' | 'naive';

/** Outputs, rows x columns, of an invocation (serial, naive) or of a workgroup (tile). */
const TILE: Readonly<Record<MatmulTnEntry, readonly [rows: number, cols: number]>> = {
  serial: [8, 16],
  tile: [32, 32],
  naive: [1, 1],
};

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
  /** Length of a row of g; default Q. Values past Q in a row are left alone. */
  readonly gStride?: number;
  readonly alpha: number;
  readonly accumulate: boolean;
  readonly variant: Variant;
}

/**
 * g[p,q] = alpha · Σ_n a[n, aOffset + p] b[n, bOffset + q] (+ g[p,q]).
 * Operands: a [N, aStride], b [N, bStride] -> g [P, gStride]. The sum runs in fixed order without atomics.
 */
export function matmulTn(
  args: MatmulTnArgs,
  entry: MatmulTnEntry = args.variant === 'serial' ? 'serial' : 'tile',
): Launch {
  const { rows, p, q, aStride = p, aOffset = 0, bStride = q, bOffset = 0, gStride = q, alpha } = args;
  const [tileRows, tileCols] = TILE[entry];
  const shares = Math.ceil(p / tileRows) * Math.ceil(q / tileCols);
  const workgroupSize = entry === 'naive' ? 64 : serialWorkgroupSize(shares);
  return {
    kernel,
    entry,
    overrides: { WG: workgroupSize, ACCUMULATE: args.accumulate ? 1 : 0 },
    params: {
      rows,
      p_len: p,
      q_len: q,
      a_stride: aStride,
      a_offset: aOffset,
      b_stride: bStride,
      b_offset: bOffset,
      g_stride: gStride,
      alpha,
    },
    operands: ['a', 'b', 'g'],
    workgroups: foldGrid(Math.ceil(shares / (entry === 'tile' ? 1 : workgroupSize))),
    flops: 2 * rows * p * q,
  };
}
