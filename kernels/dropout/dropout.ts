import { WebLoraError } from '../../src/errors.ts';
import { foldGrid, type Launch } from '../../src/gpu/kernel.ts';
import { defineVectorKernel, vectorWidth } from '../_lib/vector.ts';
import philox from '../_lib/philox.wgsl?raw';
import wgsl from './dropout.wgsl?raw';

const kernels = defineVectorKernel('dropout', wgsl, philox);
const WG = 64;

export interface DropoutArgs {
  /** Elements: N·C; element n·C + c has the same mask in every batch size. */
  readonly count: number;
  /** Probability of a zero, 0 <= p < 1. */
  readonly p: number;
  /** Distinguishes the dropouts of a step; the forward and backward of one share it. */
  readonly nodeId: number;
  /** y += instead of y =, for gradients. Default false. */
  readonly accumulate?: boolean;
}

/**
 * y = keep ? x / (1 - p) : 0, with the mask a function of the step's seed, nodeId and the element's index alone, so the
 * backward pass is this launch over dy. Operands: step u32 ([0] seed low, [1] seed high,
 * [3] 1 to keep everything), x -> y, both [count].
 */
export function dropout({ count, p, nodeId, accumulate = false }: DropoutArgs): Launch {
  if (!(p >= 0 && p < 1))
    throw new WebLoraError('internal', 'dropout: p', { got: p, wanted: 'at least 0 and below 1' });
  const width = vectorWidth(count);
  return {
    kernel: kernels[width],
    entry: 'dropout',
    overrides: { WG, ACCUMULATE: accumulate ? 1 : 0 },
    params: { count: count / width, node_id: nodeId, threshold: dropThreshold(p), scale: 1 / (1 - p) },
    operands: ['step', 'x', 'y'],
    workgroups: foldGrid(Math.ceil(count / width / WG)),
    flops: 40 * count,
  };
}

/** An element is dropped when its 32 random bits are below this. */
export function dropThreshold(p: number): number {
  return Math.floor(p * 2 ** 32);
}
