import type { Graph } from '../../../src/graph/graph.ts';
import type { LinearWeights } from '../../../src/graph/ops/linear.ts';
import type { Tensor } from '../../../src/graph/tensor.ts';
import type { AttentionOver, ForwardInputs } from '../family.ts';
import { Forward } from '../forward.ts';
import type { Gpt2Config } from './config.ts';

/** GPT-2's weight tree up to the head. Shapes: C hidden, F feed-forward, V vocabulary, P positions. */
export interface Gpt2Weights {
  readonly tokenTable: Tensor; // [V, C]
  readonly positionTable: Tensor; // [P, C]
  readonly layers: readonly Gpt2Layer[];
  readonly norm: Gpt2Norm;
}

export interface Gpt2Norm {
  readonly weight: Tensor; // [C]
  readonly bias: Tensor; // [C]
}

export interface Gpt2Layer {
  readonly norm1: Gpt2Norm;
  readonly cAttn: LinearWeights; // [3·C, C]: queries, keys, values
  readonly attnProj: LinearWeights; // [C, C]
  readonly norm2: Gpt2Norm;
  readonly cFc: LinearWeights; // [F, C]
  readonly mlpProj: LinearWeights; // [C, F]
}

/**
 * The final hidden states of a flat batch of N tokens, before the head: [N, C].
 * Radford et al. 2019, "Language models are unsupervised multitask learners"; norms stand before each half of a block.
 */
export function gpt2(
  g: Graph,
  config: Gpt2Config,
  weights: Gpt2Weights,
  inputs: ForwardInputs,
  over: AttentionOver,
): Tensor {
  const { hiddenSize, heads, headDim } = config;
  const shape = { heads, kvHeads: heads, headDim, scale: 1 / Math.sqrt(headDim) };
  const f = new Forward(g, inputs, over);
  const norm = (x: Tensor, { weight, bias }: Gpt2Norm): Tensor => g.layerNorm(x, weight, bias, config.layerNormEps);
  const positions = g.embedding(inputs.positions, weights.positionTable); // [N, C]
  let x = g.add(f.embed(weights.tokenTable), positions); // [N, C]
  weights.layers.forEach((layer, index) => {
    x = g.block(() => {
      const qkv = f.linear(norm(x, layer.norm1), layer.cAttn); // [N, 3·C]
      const [q, k, v] = g.splitColumns(qkv, [hiddenSize, hiddenSize, hiddenSize]);
      const mid = g.add(x, f.linear(f.attention(index, q, k, v, shape), layer.attnProj)); // [N, C]
      const fed = g.gelu(f.linear(norm(mid, layer.norm2), layer.cFc)); // [N, F]
      return g.add(mid, f.linear(fed, layer.mlpProj)); // [N, C]
    });
  });
  return norm(x, weights.norm);
}
