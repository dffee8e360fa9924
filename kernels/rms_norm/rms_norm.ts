import { defineKernel, foldGrid, type Launch } from '../../src/gpu/kernel.ts';
import wgsl from './rms_norm.wgsl?raw';

export const kernel = defineKernel('rms_norm', wgsl);

export interface RmsNormArgs {
  /** N */
  readonly rows: number;
  /** C */
  readonly cols: number;
  readonly eps: number;
  /** 0 for Llama, 1 for families that store w as 1 + w. */
  readonly weightOffset?: number;
}

/** y = x / rms(x) · w. Operands: x [N, C], w [C] -> rstd [N] (saved for backward), y [N, C]. */
export function rmsNormForward(args: RmsNormArgs): Launch {
  return { ...shared(args), entry: 'forward', overrides: { WG: 64 }, operands: ['x', 'w', 'rstd', 'y'] };
}

/** Operands: x, w, dy, rstd_saved -> dx [N, C]; with `accumulate` the result is added to what dx holds. */
export function rmsNormBackward(args: RmsNormArgs & { readonly accumulate: boolean }): Launch {
  return { ...shared(args), entry: 'backward_dx', overrides: { WG: 64, ACCUMULATE: args.accumulate ? 1 : 0 }, operands: ['x', 'w', 'dy', 'rstd_saved', 'dx'] };
}

function shared({ rows, cols, eps, weightOffset = 0 }: RmsNormArgs): Pick<Launch, 'kernel' | 'params' | 'workgroups' | 'flops'> {
  return { kernel, params: { rows, cols, eps, weight_offset: weightOffset }, workgroups: foldGrid(rows), flops: 5 * rows * cols };
}
