import type { KernelVariant } from '../../src/gpu/device-profile.ts';
import { defineKernel, foldGrid, type Launch } from '../../src/gpu/kernel.ts';
import { SERIAL_WORKGROUP } from '../_lib/software/serial.ts';
import wgsl from './column_scale.wgsl?raw';
import serialWgsl from './software/column_scale_serial.wgsl?raw';

const kernel = defineKernel('column_scale', wgsl);
const serialKernel = defineKernel('column_scale', [wgsl, serialWgsl].join('\n'));

export interface ColumnScaleArgs {
  /** N */
  readonly rows: number;
  /** O */
  readonly cols: number;
}

/** y = z · factor (+ bias). Operands: z [N, O], factor [O], bias [O] (with `bias`) -> y [N, O]. */
export function columnScale({ rows, cols, bias }: ColumnScaleArgs & { readonly bias: boolean }): Launch {
  return {
    kernel,
    entry: 'forward',
    overrides: { BIAS: bias ? 1 : 0 },
    params: { rows, cols },
    operands: ['z', 'factor', 'bias', 'y'],
    ...(!bias && { aliases: { bias: 'factor' } }),
    workgroups: foldGrid(Math.ceil((rows * cols) / 64)),
    flops: rows * cols,
  };
}

/** Operands: dy [N, O], factor [O] -> y [N, O], the gradient of z. */
export function columnScaleBackward({ rows, cols }: ColumnScaleArgs): Launch {
  return {
    kernel,
    entry: 'backward_dz',
    overrides: {},
    params: { rows, cols },
    operands: ['dy', 'factor', 'y'],
    workgroups: foldGrid(Math.ceil((rows * cols) / 64)),
    flops: rows * cols,
  };
}

/** Operands: dy, z [N, O], inverse_norm [O] -> gradient [O] of the magnitude, added to what is there. */
export function magnitudeBackward({
  rows,
  cols,
  variant,
}: ColumnScaleArgs & { readonly variant: KernelVariant }): Launch {
  const isSerial = variant !== 'workgroup';
  return {
    kernel: isSerial ? serialKernel : kernel,
    entry: isSerial ? 'backward_magnitude_serial' : 'backward_magnitude',
    overrides: isSerial ? { WG: SERIAL_WORKGROUP } : {},
    params: { rows, cols },
    operands: ['dy', 'z', 'inverse_norm', 'gradient'],
    workgroups: foldGrid(Math.ceil(cols / (isSerial ? SERIAL_WORKGROUP : 16))),
    flops: 2 * rows * cols,
  };
}
