import type { Graph } from '../../../src/graph/graph.ts';
import type { Tensor } from '../../../src/graph/tensor.ts';
import type { DecoderWeights, HeadNorms, LlamaBlock } from '../decoder-weights.ts';
import type { AttentionOver, ForwardInputs } from '../family.ts';
import { Forward } from '../forward.ts';
import type { Gemma3TextConfig } from './config.ts';

/** Norms around the feed-forward, beside the two that Llama has. */
export interface FeedForwardNorms {
  readonly preFeedForwardNorm: Tensor; // [C]
  readonly postFeedForwardNorm: Tensor; // [C]
}

export type Gemma3TextLayer = LlamaBlock & FeedForwardNorms & HeadNorms;
export type Gemma3TextWeights = DecoderWeights<Gemma3TextLayer>;

/**
 * The final hidden states of a flat batch of N tokens, before the head: [N, C]. Norms before and after each half of a
 * block multiply by 1 + w; most layers see a window, with rotary positions of their own. Gemma Team 2025,
 * arXiv:2503.19786; Gemma 2, whose block it is: arXiv:2408.00118.
 */
export function gemma3Text(
  g: Graph,
  config: Gemma3TextConfig,
  weights: Gemma3TextWeights,
  inputs: ForwardInputs,
  over: AttentionOver,
): Tensor {
  const { heads, kvHeads, headDim, hiddenSize, layerTypes, queryPreAttnScalar, rmsNormEps } = config;
  const shape = { heads, kvHeads, headDim, scale: 1 / Math.sqrt(queryPreAttnScalar) };
  const f = new Forward(g, inputs, over);
  const norm = (x: Tensor, weight: Tensor): Tensor => g.rmsNorm(x, weight, rmsNormEps, 1);
  let x = f.embed(weights.embedTokens, Math.sqrt(hiddenSize)); // [N, C]
  weights.layers.forEach((layer, index) => {
    const table = layerTypes[index] ?? 'full_attention';
    const window = table === 'sliding_attention' ? config.window : undefined;
    x = g.block(() => {
      const normed = norm(x, layer.inputNorm); // [N, C]
      const q = f.rotate(norm(f.linear(normed, layer.qProj), layer.qNorm), { heads, headDim, table }); // [N, H·D]
      const k = f.rotate(norm(f.linear(normed, layer.kProj), layer.kNorm), { heads: kvHeads, headDim, table }); // [N, K·D]
      const v = f.linear(normed, layer.vProj); // [N, K·D]
      const attended = f.attention(index, q, k, v, { ...shape, window }); // [N, H·D]
      const mid = g.add(x, norm(f.linear(attended, layer.oProj), layer.postAttentionNorm)); // [N, C]
      const fed = f.gatedFeedForward(norm(mid, layer.preFeedForwardNorm), layer, 'gelu_tanh'); // [N, C]
      return g.add(mid, norm(fed, layer.postFeedForwardNorm)); // [N, C]
    });
  });
  return norm(x, weights.norm);
}
