import type { WeightFormat } from '../../src/formats/quantize.ts';
import { foldGrid, type Launch, type Variant } from '../../src/gpu/kernel.ts';
import { serialWorkgroupSize } from '../_lib/serial.ts';
import { defineWeightKernel, readWeight } from '../_lib/weight.ts';
import biasWgsl from './bias.wgsl?raw';
import loraWgsl from './lora.wgsl?raw';
import wgsl from './matmul_nt.wgsl?raw';
import noBiasWgsl from './no_bias.wgsl?raw';
import noLoraWgsl from './no_lora.wgsl?raw';

const plain = defineWeightKernel('matmul_nt', [wgsl, noBiasWgsl, noLoraWgsl].join('\n'));
const withBias = defineWeightKernel('matmul_nt', [wgsl, biasWgsl, noLoraWgsl].join('\n'));
const withLora = defineWeightKernel('matmul_nt', [wgsl, noBiasWgsl, loraWgsl].join('\n'));
const withBoth = defineWeightKernel('matmul_nt', [wgsl, biasWgsl, loraWgsl].join('\n'));

export interface MatmulNtArgs {
  /** N */
  readonly rows: number;
  /** I */
  readonly inFeatures: number;
  /** O: rows of this part of W */
  readonly outFeatures: number;
  /** Length of a row of y, which all parts of W fill together. */
  readonly outStride: number;
  /** First column of y this part writes. */
  readonly outOffset: number;
  readonly format: WeightFormat;
  readonly bias: boolean;
  /** R, or 0 without an adapter. */
  readonly rank: number;
  readonly loraScale: number;
  /** Default 1. */
  readonly alpha?: number;
  readonly accumulate?: boolean;
  readonly variant: Variant;
}

export type MatmulNtEntry = 'serial' | 'serial_row' | 'tile' | 'matvec' | 'naive';

/** Outputs of one workgroup's share: rows x columns of an invocation (serial) or of a workgroup. */
const TILE: Readonly<Record<MatmulNtEntry, readonly [rows: number, cols: number]>> = {
  serial: [8, 16],
  serial_row: [1, 4],
  tile: [64, 64],
  matvec: [1, 4],
  naive: [1, 1],
};

/** Few rows, as in decoding, leave a tile idle; from three rows on reading each weight once for all of them wins. */
export function selectMatmulNt(variant: Variant, rows: number): MatmulNtEntry {
  if (variant === 'serial') return rows <= 2 ? 'serial_row' : 'serial';
  return rows <= 4 ? 'matvec' : 'tile';
}

/**
 * y[n,o] = alpha · Σ_i x[n,i] W[o,i] (+ bias[o]) (+ loraScale · Σ_r h[n,r] B[o,r]) (+ y[n,o]).
 * Operands: x [N, I], w_codes, w_scales (q8, q4 only), bias [O] (with `bias`), h [N, R] and lora_b [O, R], rows padded to four values (with
 * `rank`) -> y [N, outStride], of which columns [outOffset, outOffset + O) are written.
 */
export function matmulNt(args: MatmulNtArgs, entry: MatmulNtEntry = selectMatmulNt(args.variant, args.rows)): Launch {
  const { rows, inFeatures, outFeatures, outStride, outOffset, rank, loraScale, alpha = 1, accumulate = false } = args;
  const sources = args.bias ? (rank > 0 ? withBoth : withBias) : rank > 0 ? withLora : plain;
  const weight = readWeight(sources, args.format, inFeatures);
  const [tileRows, tileCols] = TILE[entry];
  const shares = Math.ceil(rows / tileRows) * Math.ceil(outFeatures / tileCols);
  const perInvocation = entry !== 'tile' && entry !== 'matvec';
  const workgroupSize = entry === 'naive' ? 64 : serialWorkgroupSize(shares);
  return {
    kernel: weight.kernel,
    entry,
    overrides: { ...weight.overrides, WG: workgroupSize, ACCUMULATE: accumulate ? 1 : 0 },
    params: {
      ...weight.params,
      rows,
      in_features: inFeatures,
      out_features: outFeatures,
      out_stride: outStride,
      out_offset: outOffset,
      rank,
      alpha,
      lora_scale: loraScale,
    },
    operands: ['x', ...weight.operands, ...(args.bias ? ['bias'] : []), ...(rank > 0 ? ['h', 'lora_b'] : []), 'y'],
    workgroups: foldGrid(Math.ceil(shares / (perInvocation ? workgroupSize : 1))),
    flops: 2 * rows * outFeatures * (inFeatures + rank),
  };
}
