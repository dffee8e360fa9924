import { defineKernel, foldGrid, type Launch } from '../../src/gpu/kernel.ts';
import wgsl from './adamw.wgsl?raw';

export const kernel = defineKernel('adamw', wgsl);

export interface AdamwArgs {
  /** Values of the flat buffers. */
  readonly count: number;
  readonly weightDecay: number;
  /** Factor of the parameter group on hyper's lr. */
  readonly lrScale: number;
}

const WG = 64;
/** Values of an invocation, as in the source. */
const EACH = 8;

/**
 * One AdamW update of a flat parameter group, in place; nothing changes when the ok flag in scalars is 0.
 * Operands: hyper, scalars (squared_norm), grad [count], summed over tokens -> param, m, v [count].
 */
export function adamw({ count, weightDecay, lrScale }: AdamwArgs): Launch {
  return {
    kernel,
    entry: 'update',
    overrides: { WG },
    params: { count, weight_decay: weightDecay, lr_scale: lrScale },
    operands: ['hyper', 'scalars', 'grad', 'param', 'm', 'v'],
    workgroups: foldGrid(Math.ceil(count / (WG * EACH))),
    flops: 15 * count,
  };
}
