import type { Graph } from '../../../src/graph/graph.ts';
import type { LinearWeights } from '../../../src/graph/ops/linear.ts';
import type { Tensor } from '../../../src/graph/tensor.ts';
import type { DecoderWeights, PreNorms } from '../decoder-weights.ts';
import type { AttentionOver, ForwardInputs } from '../family.ts';
import { Forward } from '../forward.ts';
import type { Phi3Config } from './config.ts';

export interface Phi3Layer extends PreNorms {
  readonly qkvProj: LinearWeights; // [H·D + 2·K·D, C]: queries, keys, values
  readonly oProj: LinearWeights; // [C, H·D]
  readonly gateUpProj: LinearWeights; // [2·F, C]: gate, up
  readonly downProj: LinearWeights; // [C, F]
}
export type Phi3Weights = DecoderWeights<Phi3Layer>;

/**
 * The final hidden states of a flat batch of N tokens, before the head: [N, C]. Llama's block with fused projections, of
 * whose heads a part may rotate. Abdin et al. 2024, arXiv:2404.14219; Phi-4-mini: arXiv:2503.01743.
 */
export function phi3(
  g: Graph,
  config: Phi3Config,
  weights: Phi3Weights,
  inputs: ForwardInputs,
  over: AttentionOver,
): Tensor {
  const { heads, kvHeads, headDim, intermediateSize, window, rmsNormEps: eps } = config;
  const shape = { heads, kvHeads, headDim, scale: 1 / Math.sqrt(headDim), window };
  const f = new Forward(g, inputs, over);
  let x = f.embed(weights.embedTokens); // [N, C]
  weights.layers.forEach((layer, index) => {
    x = g.block(() => {
      const qkv = f.linear(g.rmsNorm(x, layer.inputNorm, eps), layer.qkvProj); // [N, H·D + 2·K·D]
      const [q, k, v] = g.splitColumns(qkv, [heads * headDim, kvHeads * headDim, kvHeads * headDim]);
      const rotatedQ = f.rotate(q, { heads, headDim }); // [N, H·D]
      const rotatedK = f.rotate(k, { heads: kvHeads, headDim }); // [N, K·D]
      const attended = f.attention(index, rotatedQ, rotatedK, v, shape); // [N, H·D]
      const mid = g.add(x, f.linear(attended, layer.oProj)); // [N, C]
      const gateUp = f.linear(g.rmsNorm(mid, layer.postAttentionNorm, eps), layer.gateUpProj); // [N, 2·F]
      const [gate, up] = g.splitColumns(gateUp, [intermediateSize, intermediateSize]);
      return g.add(mid, f.linear(g.gatedActivation(gate, up, 'silu'), layer.downProj)); // [N, C]
    });
  });
  return g.rmsNorm(x, weights.norm, eps);
}
