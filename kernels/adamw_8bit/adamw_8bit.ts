import { WebLoraError } from '../../src/errors.ts';
import type { KernelVariant } from '../../src/gpu/device-profile.ts';
import { defineKernel, foldGrid, type Launch } from '../../src/gpu/kernel.ts';
import wgsl from './adamw_8bit.wgsl?raw';
import serialWgsl from './software/adamw_8bit_serial.wgsl?raw';

const kernel = defineKernel('adamw_8bit', wgsl);
const serialKernel = defineKernel('adamw_8bit', [wgsl, serialWgsl].join('\n'));

/** Values under one scale. */
export const BLOCK = 256;

export interface Adamw8bitArgs {
  /** Values of the flat buffers, a multiple of 4. */
  readonly count: number;
  readonly weightDecay: number;
  /** Factor of the parameter group on hyper's lr. */
  readonly lrScale: number;
  readonly variant: KernelVariant;
}

const SERIAL_WG = 4;

/**
 * One AdamW update of a flat parameter group, in place, its moments in 8 bits; nothing changes when the ok flag in scalars
 * is 0. Operands: hyper, scalars (squared_norm), grad [count], summed over tokens -> param [count], m and v
 * [count / 4 words of four codes], m_scales and v_scales [ceil(count / 256)]. All of the state is zero before the first update.
 */
export function adamw8bit({ count, weightDecay, lrScale, variant }: Adamw8bitArgs): Launch {
  if (count % 4 !== 0)
    throw new WebLoraError('internal', 'adamw_8bit: count', { got: count, wanted: 'a multiple of 4' });
  const isSerial = variant !== 'workgroup';
  const blocks = Math.ceil(count / BLOCK);
  return {
    kernel: isSerial ? serialKernel : kernel,
    entry: isSerial ? 'update_serial' : 'update_workgroup',
    overrides: isSerial ? { WG: SERIAL_WG } : {},
    params: { count, weight_decay: weightDecay, lr_scale: lrScale },
    operands: ['hyper', 'scalars', 'grad', 'param', 'm', 'v', 'm_scales', 'v_scales'],
    workgroups: foldGrid(isSerial ? Math.ceil(blocks / SERIAL_WG) : blocks),
    flops: 60 * count,
  };
}
