import { defineKernel, foldGrid, type Launch } from '../../src/gpu/kernel.ts';
import wgsl from './decay_to_start.wgsl?raw';

export const kernel = defineKernel('decay_to_start', wgsl);

export interface DecayToStartArgs {
  /** Values of the flat buffers. */
  readonly count: number;
  /** How much of the way is gone at a learning rate of 1. */
  readonly decay: number;
  /** Factor of the parameter group on hyper's lr. */
  readonly lrScale: number;
}

const WG = 64;

/**
 * Moves a flat parameter group towards its start, in place; nothing changes when the ok flag in scalars is 0.
 * Operands: hyper, scalars (squared_norm), start [count] -> param [count].
 */
export function decayToStart({ count, decay, lrScale }: DecayToStartArgs): Launch {
  return {
    kernel,
    entry: 'pull',
    overrides: { WG },
    params: { count, decay, lr_scale: lrScale },
    operands: ['hyper', 'scalars', 'start', 'param'],
    workgroups: foldGrid(Math.ceil(count / WG)),
    flops: 4 * count,
  };
}
