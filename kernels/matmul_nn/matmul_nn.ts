import type { WeightFormat } from '../../src/formats/quantize.ts';
import { foldGrid, type Launch, type Variant } from '../../src/gpu/kernel.ts';
import { defineWeightKernel, readWeight } from '../_lib/weight.ts';
import loraWgsl from './lora.wgsl?raw';
import wgsl from './matmul_nn.wgsl?raw';
import noLoraWgsl from './no_lora.wgsl?raw';

const plain = defineWeightKernel('matmul_nn', [wgsl, noLoraWgsl].join('\n'));
const withLora = defineWeightKernel('matmul_nn', [wgsl, loraWgsl].join('\n'));

export interface MatmulNnArgs {
  /** N */
  readonly rows: number;
  /** O: rows of this part of W */
  readonly outFeatures: number;
  /** I */
  readonly inFeatures: number;
  /** Length of a row of dy. */
  readonly dyStride: number;
  /** First column of dy that belongs to this part of W. */
  readonly dyOffset: number;
  readonly format: WeightFormat;
  /** R, or 0 without an adapter. */
  readonly rank: number;
  readonly loraScale: number;
  /** Default 1. */
  readonly alpha?: number;
  readonly accumulate: boolean;
  readonly variant: Variant;
}

/**
 * dx[n,i] = alpha · Σ_o dy[n, dyOffset + o] W[o,i] (+ loraScale · Σ_r dh[n,r] A[r,i]) (+ dx[n,i]), with dh = dy·B.
 * Operands: dy [N, dyStride], w_codes, w_scales (q8, q4 only), dh [N, R] and lora_a [R, I] (with `rank`) -> dx [N, I].
 */
export function matmulNn(args: MatmulNnArgs): Launch {
  const { rows, outFeatures, inFeatures, dyStride, dyOffset, rank, loraScale, alpha = 1 } = args;
  const weight = readWeight(rank > 0 ? withLora : plain, args.format, inFeatures);
  return {
    kernel: weight.kernel,
    entry: 'naive',
    overrides: { ...weight.overrides, ACCUMULATE: args.accumulate ? 1 : 0 },
    params: { ...weight.params, rows, out_features: outFeatures, in_features: inFeatures, dy_stride: dyStride, dy_offset: dyOffset, rank, alpha, lora_scale: loraScale },
    operands: ['dy', ...weight.operands, ...(rank > 0 ? ['dh', 'lora_a'] : []), 'dx'],
    workgroups: foldGrid(Math.ceil((rows * inFeatures) / 64)),
    flops: 2 * rows * inFeatures * (outFeatures + rank),
  };
}
