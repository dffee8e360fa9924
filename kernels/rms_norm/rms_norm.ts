import type { KernelVariant } from '../../src/gpu/device-profile.ts';
import { foldGrid, type Launch } from '../../src/gpu/kernel.ts';
import { defineVectorKernel, vectorWidth } from '../_lib/vector.ts';
import wgsl from './rms_norm.wgsl?raw';
import serialWgsl from './software/rms_norm_serial.wgsl?raw';

const kernels = defineVectorKernel('rms_norm', wgsl);
const serialKernels = defineVectorKernel('rms_norm', wgsl, serialWgsl);

export interface RmsNormArgs {
  /** N */
  readonly rows: number;
  /** C */
  readonly cols: number;
  readonly eps: number;
  /** 0 for Llama, 1 for families that store w as 1 + w. */
  readonly weightOffset?: number;
  readonly variant: KernelVariant;
}

/** y = x / rms(x) · w. Operands: x [N, C], w [C] -> rstd [N] (saved for backward), y [N, C]. */
export function rmsNormForward(args: RmsNormArgs): Launch {
  return launch(args, 'forward', {}, ['x', 'w', 'rstd', 'y']);
}

/** Operands: x, w, dy, rstd_saved -> dx [N, C]; with `accumulate` the result is added to what dx holds. */
export function rmsNormBackward(args: RmsNormArgs & { readonly accumulate: boolean }): Launch {
  return launch(args, 'backward_dx', { ACCUMULATE: args.accumulate ? 1 : 0 }, ['x', 'w', 'dy', 'rstd_saved', 'dx']);
}

function launch(args: RmsNormArgs, entry: string, overrides: Launch['overrides'], operands: readonly string[]): Launch {
  const { rows, cols, eps, weightOffset = 0, variant } = args;
  const serial = variant !== 'workgroup';
  const lanes = serial ? 16 : 64;
  return {
    kernel: (serial ? serialKernels : kernels)[vectorWidth(cols)],
    entry: serial ? `${entry}_serial` : entry,
    overrides: { WG: lanes, ...overrides },
    params: { rows, cols, eps, weight_offset: weightOffset },
    operands,
    workgroups: foldGrid(serial ? Math.ceil(rows / lanes) : rows),
    flops: 5 * rows * cols,
  };
}
