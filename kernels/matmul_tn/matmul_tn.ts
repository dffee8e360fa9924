import type { KernelVariant } from '../../src/gpu/device-profile.ts';
import { defineKernel, foldGrid, type Launch } from '../../src/gpu/kernel.ts';
import { SERIAL_WORKGROUP } from '../_lib/software/serial.ts';
import broadcastWgsl from '../_lib/software/quad_broadcast.wgsl?raw';
import wgsl from './matmul_tn.wgsl?raw';
import narrowWgsl from './narrow.wgsl?raw';
import quadsWgsl from './software/matmul_tn_quad.wgsl?raw';
import serialWgsl from './software/matmul_tn_serial.wgsl?raw';

const plain = defineKernel('matmul_tn', wgsl);
const KERNELS = {
  serial: defineKernel('matmul_tn', [wgsl, serialWgsl].join('\n')),
  quads: defineKernel('matmul_tn', [quadsWgsl, wgsl, broadcastWgsl].join('\n')),
  tile: plain,
  narrow: defineKernel('matmul_tn', narrowWgsl),
  naive: plain,
} as const;

export type MatmulTnEntry = keyof typeof KERNELS;

/** Outputs, rows x columns, of an invocation (serial, naive) or of a workgroup. Those of quads: longer x shorter side. */
const TILE: Readonly<Record<MatmulTnEntry, readonly [rows: number, cols: number]>> = {
  serial: [8, 16],
  quads: [32, 16],
  tile: [32, 32],
  narrow: [16, 16],
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
  readonly variant: KernelVariant;
}

/** On a GPU both factors are read by quads where their rows allow it. */
function selectMatmulTn({
  p,
  q,
  aStride = p,
  aOffset = 0,
  bStride = q,
  bOffset = 0,
  variant,
}: MatmulTnArgs): MatmulTnEntry {
  if (variant !== 'workgroup') return variant === 'serial' ? 'serial' : 'quads';
  return [p, q, aStride, aOffset, bStride, bOffset].every((length) => length % 4 === 0) ? 'narrow' : 'tile';
}

/**
 * g[p,q] = alpha · Σ_n a[n, aOffset + p] b[n, bOffset + q] (+ g[p,q]).
 * Operands: a [N, aStride], b [N, bStride] -> g [P, gStride]. The sum runs in fixed order without atomics.
 */
export function matmulTn(args: MatmulTnArgs, entry: MatmulTnEntry = selectMatmulTn(args)): Launch {
  const { rows, p, q, aStride = p, aOffset = 0, bStride = q, bOffset = 0, gStride = q, alpha } = args;
  const [tileRows, tileCols] = TILE[entry];
  const isQuads = entry === 'quads';
  // Quads take the longer side as a.
  const swapped = isQuads && q > p;
  const shares = Math.ceil((swapped ? q : p) / tileRows) * Math.ceil((swapped ? p : q) / tileCols);
  const perWorkgroup = entry === 'naive' ? 64 : entry === 'serial' ? SERIAL_WORKGROUP : 1;
  return {
    kernel: KERNELS[entry],
    entry,
    overrides: {
      ...(entry === 'serial' && { WG: SERIAL_WORKGROUP }),
      ACCUMULATE: args.accumulate ? 1 : 0,
    },
    params: {
      rows,
      p_len: swapped ? q : p,
      q_len: swapped ? p : q,
      a_stride: swapped ? bStride : aStride,
      a_offset: swapped ? bOffset : aOffset,
      b_stride: swapped ? aStride : bStride,
      b_offset: swapped ? aOffset : bOffset,
      g_stride: gStride,
      swapped: swapped ? 1 : 0,
      alpha,
    },
    operands: ['a', 'b', 'g'],
    ...(swapped && { aliases: { a: 'b', b: 'a' } }),
    workgroups: foldGrid(Math.ceil(shares / perWorkgroup)),
    flops: 2 * rows * p * q,
  };
}
