import type { Graph } from '../../../src/graph/graph.ts';
import type { Tensor } from '../../../src/graph/tensor.ts';
import type { DecoderWeights, HeadNorms, LlamaBlock } from '../decoder-weights.ts';
import type { AttentionOver, ForwardInputs } from '../family.ts';
import { Forward } from '../forward.ts';
import type { Qwen3Config } from './config.ts';

export type Qwen3Layer = LlamaBlock & HeadNorms;

export type Qwen3Weights = DecoderWeights<Qwen3Layer>;

/**
 * The final hidden states of a flat batch of N tokens, before the head: [N, C]. Llama's block with each head's query and
 * key normalised before they are rotated. Yang et al. 2025, arXiv:2505.09388; the norms: Dehghani et al. 2023,
 * arXiv:2302.05442.
 */
export function qwen3(
  g: Graph,
  config: Qwen3Config,
  weights: Qwen3Weights,
  inputs: ForwardInputs,
  over: AttentionOver,
): Tensor {
  const { heads, kvHeads, headDim, windows, rmsNormEps: eps } = config;
  const shape = { heads, kvHeads, headDim, scale: 1 / Math.sqrt(headDim) };
  const f = new Forward(g, inputs, over);
  let x = f.embed(weights.embedTokens); // [N, C]
  weights.layers.forEach((layer, index) => {
    x = g.block(() => {
      const normed = g.rmsNorm(x, layer.inputNorm, eps); // [N, C]
      const q = f.rotate(g.rmsNorm(f.linear(normed, layer.qProj), layer.qNorm, eps), { heads, headDim }); // [N, H·D]
      const k = f.rotate(g.rmsNorm(f.linear(normed, layer.kProj), layer.kNorm, eps), { heads: kvHeads, headDim }); // [N, K·D]
      const v = f.linear(normed, layer.vProj); // [N, K·D]
      const attended = f.attention(index, q, k, v, { ...shape, window: windows[index] }); // [N, H·D]
      const mid = g.add(x, f.linear(attended, layer.oProj)); // [N, C]
      return g.add(mid, f.gatedFeedForward(g.rmsNorm(mid, layer.postAttentionNorm, eps), layer, 'silu')); // [N, C]
    });
  });
  return g.rmsNorm(x, weights.norm, eps);
}
