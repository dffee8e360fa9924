import type { KernelVariant } from '../../src/gpu/device-profile.ts';
import { defineKernel, foldGrid, type Launch } from '../../src/gpu/kernel.ts';
import serialWgsl from './software/squared_norm_serial.wgsl?raw';
import wgsl from './squared_norm.wgsl?raw';

const kernel = defineKernel('squared_norm', wgsl);
const serialKernel = defineKernel('squared_norm', [wgsl, serialWgsl].join('\n'));

/** Values one partial sum covers, in both variants. */
const BLOCK = 4096;

/** Partial sums that a gradient buffer of `count` values gets. */
export function partialCount(count: number): number {
  return Math.ceil(count / BLOCK);
}

export interface PartialArgs {
  /** Values of this gradient buffer. */
  readonly count: number;
  /** Where this buffer's partial sums begin; it gets partialCount(count) of them. */
  readonly firstPartial: number;
  readonly variant: KernelVariant;
}

/** Sums of squares per block of 4096 values. Operands: grad [count] -> partials [all buffers' blocks]. */
export function squaredNormPartial({ count, firstPartial, variant }: PartialArgs): Launch {
  const isSerial = variant !== 'workgroup';
  const blocks = partialCount(count);
  return {
    kernel: isSerial ? serialKernel : kernel,
    entry: isSerial ? 'partial_serial' : 'partial_workgroup',
    overrides: { WG: isSerial ? 4 : 256 },
    params: { count, first_partial: firstPartial },
    operands: ['grad', 'partials'],
    workgroups: foldGrid(isSerial ? Math.ceil(blocks / 4) : blocks),
    flops: 2 * count,
  };
}

/**
 * Norm, clipping factor and finiteness gate from all partial sums. Operands: hyper (hyper.ts), partials -> scalars:
 * [0] norm of the mean gradient (a NaN pattern when it is not finite), [1] factor = invTokens · clip coefficient,
 * [2] ok: 1 when the norm is finite and it was 1 before, else 0.
 */
export function squaredNormFinish({
  partials,
  variant,
}: {
  readonly partials: number;
  readonly variant: KernelVariant;
}): Launch {
  const isSerial = variant !== 'workgroup';
  return {
    kernel: isSerial ? serialKernel : kernel,
    entry: isSerial ? 'finish_serial' : 'finish_workgroup',
    overrides: isSerial ? {} : { WG: 256 },
    params: { count: partials, first_partial: 0 },
    operands: ['hyper', 'partials', 'scalars'],
    workgroups: [1, 1, 1],
    flops: partials,
  };
}
