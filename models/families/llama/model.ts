import type { Graph } from '../../../src/graph/graph.ts';
import type { Tensor } from '../../../src/graph/tensor.ts';
import type { DecoderWeights, LlamaBlock } from '../decoder-weights.ts';
import type { AttentionOver, ForwardInputs } from '../family.ts';
import { Forward } from '../forward.ts';
import type { LlamaConfig } from './config.ts';

/**
 * The final hidden states of a flat batch of N tokens, before the head: [N, C].
 * Touvron et al. 2023, arXiv:2302.13971; grouped queries: Ainslie et al. 2023, arXiv:2305.13245.
 */
export function llama(
  g: Graph,
  config: LlamaConfig,
  weights: DecoderWeights<LlamaBlock>,
  inputs: ForwardInputs,
  over: AttentionOver,
): Tensor {
  const { heads, kvHeads, headDim, rmsNormEps: eps } = config;
  const shape = { heads, kvHeads, headDim, scale: 1 / Math.sqrt(headDim) };
  const f = new Forward(g, inputs, over);
  let x = f.embed(weights.embedTokens); // [N, C]
  weights.layers.forEach((layer, index) => {
    x = g.block(() => {
      const normed = g.rmsNorm(x, layer.inputNorm, eps); // [N, C]
      const q = f.rotate(f.linear(normed, layer.qProj), { heads, headDim }); // [N, H·D]
      const k = f.rotate(f.linear(normed, layer.kProj), { heads: kvHeads, headDim }); // [N, K·D]
      const v = f.linear(normed, layer.vProj); // [N, K·D]
      const attended = f.attention(index, q, k, v, shape); // [N, H·D]
      const mid = g.add(x, f.linear(attended, layer.oProj)); // [N, C]
      return g.add(mid, f.gatedFeedForward(g.rmsNorm(mid, layer.postAttentionNorm, eps), layer, 'silu')); // [N, C]
    });
  });
  return g.rmsNorm(x, weights.norm, eps);
}
