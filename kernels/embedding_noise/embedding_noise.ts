import { foldGrid, type Launch } from '../../src/gpu/kernel.ts';
import philox from '../_lib/philox.wgsl?raw';
import { defineVectorKernel, vectorWidth } from '../_lib/vector.ts';
import wgsl from './embedding_noise.wgsl?raw';

const kernels = defineVectorKernel('embedding_noise', wgsl, philox);
const WG = 64;

export interface EmbeddingNoiseArgs {
  /** N */
  readonly rows: number;
  /** C */
  readonly cols: number;
  /** NEFTune's alpha: the noise of a sequence of L tokens lies within ±amount / √(L·C). */
  readonly amount: number;
  /** Distinguishes the random nodes of a step. */
  readonly nodeId: number;
}

/**
 * x[n, c] += amount / √(L[n]·C) · u with u uniform in [-1, 1), a function of the step's seed, nodeId and the element's index
 * alone. Operands: step u32 ([0] seed low, [1] seed high, [3] 1 for no noise), bounds u32 [N, 2] (begin and end of each row's
 * sequence, L rows) -> x [N, C].
 */
export function embeddingNoise({ rows, cols, amount, nodeId }: EmbeddingNoiseArgs): Launch {
  const width = vectorWidth(cols);
  const count = (rows * cols) / width;
  return {
    kernel: kernels[width],
    entry: 'embedding_noise',
    overrides: { WG },
    params: { count, row_vecs: cols / width, node_id: nodeId, amplitude: amount / Math.sqrt(cols) },
    operands: ['step', 'bounds', 'x'],
    workgroups: foldGrid(Math.ceil(count / WG)),
    flops: 40 * rows * cols,
  };
}
