import type { KernelVariant } from '../../src/gpu/device-profile.ts';
import { foldGrid, type Launch } from '../../src/gpu/kernel.ts';
import { defineVectorKernel, vectorWidth } from '../_lib/vector.ts';
import wgsl from './layer_norm.wgsl?raw';
import serialWgsl from './software/layer_norm_serial.wgsl?raw';

const kernels = defineVectorKernel('layer_norm', wgsl);
const serialKernels = defineVectorKernel('layer_norm', wgsl, serialWgsl);

export interface LayerNormArgs {
  /** N */
  readonly rows: number;
  /** C */
  readonly cols: number;
  readonly eps: number;
  readonly variant: KernelVariant;
}

/** y = (x - mean) · rstd · w + b. Operands: x [N, C], w [C], b [C] -> mean [N], rstd [N] (saved), y [N, C]. */
export function layerNormForward(args: LayerNormArgs): Launch {
  return launch(args, 'forward', {}, ['x', 'w', 'b', 'mean', 'rstd', 'y']);
}

/** Operands: x, w, dy, mean_saved, rstd_saved -> dx [N, C]; with `accumulate` it is added to what dx holds. */
export function layerNormBackward(args: LayerNormArgs & { readonly accumulate: boolean }): Launch {
  const operands = ['x', 'w', 'dy', 'mean_saved', 'rstd_saved', 'dx'];
  return launch(args, 'backward_dx', { ACCUMULATE: args.accumulate ? 1 : 0 }, operands);
}

function launch(
  args: LayerNormArgs,
  entry: string,
  overrides: Launch['overrides'],
  operands: readonly string[],
): Launch {
  const { rows, cols, eps, variant } = args;
  const serial = variant !== 'workgroup';
  const lanes = serial ? 16 : 64;
  return {
    kernel: (serial ? serialKernels : kernels)[vectorWidth(cols)],
    entry: serial ? `${entry}_serial` : entry,
    overrides: { WG: lanes, ...overrides },
    params: { rows, cols, eps },
    operands,
    workgroups: foldGrid(serial ? Math.ceil(rows / lanes) : rows),
    flops: 8 * rows * cols,
  };
}
