import type { Graph } from '../../../src/graph/graph.ts';
import type { Tensor } from '../../../src/graph/tensor.ts';
import type { DecoderWeights, LlamaBlock } from '../decoder-weights.ts';
import type { AttentionOver, ForwardInputs } from '../family.ts';
import { Forward } from '../forward.ts';
import type { MistralConfig } from './config.ts';

/**
 * The final hidden states of a flat batch of N tokens, before the head: [N, C]. Llama's block, in which attention may
 * reach back a window only. Jiang et al. 2023, arXiv:2310.06825.
 */
export function mistral(
  g: Graph,
  config: MistralConfig,
  weights: DecoderWeights<LlamaBlock>,
  inputs: ForwardInputs,
  over: AttentionOver,
): Tensor {
  const { heads, kvHeads, headDim, window, rmsNormEps: eps } = config;
  const shape = { heads, kvHeads, headDim, scale: 1 / Math.sqrt(headDim), window };
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
