import { defineKernel, foldGrid, type Launch } from '../../src/gpu/kernel.ts';
import wgsl from './sgd.wgsl?raw';

export const kernel = defineKernel('sgd', wgsl);

export interface SgdArgs {
  /** Values of the flat buffers. */
  readonly count: number;
  readonly weightDecay: number;
  /** Factor of the parameter group on hyper's lr. */
  readonly lrScale: number;
  /** Whether there is a momentum buffer; its factor is hyper's. */
  readonly momentum: boolean;
}

const WG = 64;

/**
 * One SGD update of a flat parameter group, in place; nothing changes when the ok flag in scalars is 0.
 * Operands: hyper, scalars (squared_norm), grad [count], summed over tokens -> param [count], and with momentum
 * velocity [count], zero before the first update.
 */
export function sgd({ count, weightDecay, lrScale, momentum }: SgdArgs): Launch {
  const operands = ['hyper', 'scalars', 'grad', 'param'];
  return {
    kernel,
    entry: momentum ? 'update_momentum' : 'update',
    overrides: { WG },
    params: { count, weight_decay: weightDecay, lr_scale: lrScale },
    operands: momentum ? [...operands, 'velocity'] : operands,
    workgroups: foldGrid(Math.ceil(count / WG)),
    flops: 6 * count,
  };
}
