import type { WeightFormat } from '../../src/formats/quantize.ts';
import type { KernelVariant } from '../../src/gpu/device-profile.ts';
import { foldGrid, type Launch } from '../../src/gpu/kernel.ts';
import { SERIAL_WORKGROUP } from '../_lib/software/serial.ts';
import { defineWeightKernel, readWeight } from '../_lib/weight.ts';
import wgsl from './dora_scale.wgsl?raw';
import serialWgsl from './software/dora_scale_serial.wgsl?raw';

const kernels = defineWeightKernel('dora_scale', wgsl);
const serialKernels = defineWeightKernel('dora_scale', [wgsl, serialWgsl].join('\n'));

export interface DoraScaleArgs {
  /** O: rows of this part of W */
  readonly rows: number;
  /** I */
  readonly cols: number;
  /** The layer's row that this part of W begins with. */
  readonly firstRow: number;
  readonly format: WeightFormat;
  /** R */
  readonly rank: number;
  readonly loraScale: number;
  /** How much of the magnitude counts: 1 in training. Default 1. */
  readonly weight?: number;
  readonly variant: KernelVariant;
}

/**
 * factor[o] = ((1 - weight)·|W[o]| + weight·magnitude[o]) / |W[o] + loraScale·B[o]·A|, and the reciprocal of its denominator.
 * Operands: w_codes, w_scales (but for floats), magnitude [layer], lora_a [R, I] and lora_b [layer, R], rows padded to four
 * values -> factor [layer], inverse_norm [layer], of which rows [firstRow, firstRow + O) are written.
 */
export function doraScale(args: DoraScaleArgs): Launch {
  const { rows, cols, firstRow, format, rank, loraScale, weight: share = 1, variant } = args;
  const isSerial = variant !== 'workgroup';
  const weight = readWeight(isSerial ? serialKernels : kernels, format, cols);
  const lanes = isSerial ? SERIAL_WORKGROUP : 64;
  return {
    kernel: weight.kernel,
    entry: isSerial ? 'forward_serial' : 'forward',
    overrides: { ...weight.overrides, WG: lanes },
    params: { ...weight.params, rows, cols, first_row: firstRow, rank, lora_scale: loraScale, weight: share },
    operands: [...weight.operands, 'magnitude', 'lora_a', 'lora_b', 'factor', 'inverse_norm'],
    workgroups: foldGrid(isSerial ? Math.ceil(rows / lanes) : rows),
    flops: 2 * rows * cols * (rank + 2),
  };
}
