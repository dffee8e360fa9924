import { embeddingNoise as embeddingNoiseKernel } from '../../../kernels/embedding_noise/embedding_noise.ts';
import type { ForwardOp, GraphBuilder } from '../op.ts';
import type { Tensor } from '../tensor.ts';

export interface EmbeddingNoiseNode {
  readonly op: 'embedding_noise';
  readonly x: Tensor;
  readonly step: Tensor;
  readonly bounds: Tensor;
  readonly amount: number;
  readonly y: Tensor;
}

/** Its words of the random stream: the same in every graph, and of no other node. "NEFT" in ASCII. */
export const NOISE_NODE_ID = 0x4e454654;

declare module '../op.ts' {
  interface ForwardNodes {
    embedding_noise: EmbeddingNoiseNode;
  }
}

/**
 * x [N, C] plus NEFTune's noise, in place: uniform within ±amount / √(L·C), L the tokens of a row's sequence, by the step's
 * seed and the element alone. Jain et al. 2023, arXiv:2310.05914.
 */
export function embeddingNoise(
  g: GraphBuilder,
  x: Tensor,
  { step, bounds, amount }: Pick<EmbeddingNoiseNode, 'step' | 'bounds' | 'amount'>,
): Tensor {
  const y = g.inPlace('embedding_noise', x);
  return g.emit({ op: 'embedding_noise', x, step, bounds, amount, y });
}

export const embeddingNoiseOp: ForwardOp<EmbeddingNoiseNode> = {
  writes: ['y'],
  // Of an embedding, which is frozen.
  gradient: () => undefined,
  lower({ x, step, bounds, amount }, { launch }) {
    launch(embeddingNoiseKernel({ rows: x.rows, cols: x.cols, amount, nodeId: NOISE_NODE_ID }), { step, bounds, x });
  },
};
