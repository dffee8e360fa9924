import type { Graph } from '../../../src/graph/graph.ts';
import type { Tensor } from '../../../src/graph/tensor.ts';
import type { DecoderSizes } from '../decoder-config.ts';
import type { DecoderWeights, HeadNorms, LlamaBlock } from '../decoder-weights.ts';
import type { AttentionOver, ForwardInputs } from '../family.ts';
import { Forward } from '../forward.ts';

/** Where another family departs from Llama's attention. */
export interface LlamaVariation<Layer extends LlamaBlock> {
  /** Tokens that a layer sees, itself counted; by default all. */
  readonly windowOf?: (index: number) => number | undefined;
  /** Whether a layer rotates queries and keys; by default each does. */
  readonly rotates?: (index: number) => boolean;
  /** What each head's query and key are normalised by before they are rotated; by default they are not. */
  readonly headNormsOf?: (layer: Layer) => HeadNorms;
}

/**
 * The final hidden states of a flat batch of N tokens, before the head: [N, C].
 * Touvron et al. 2023, arXiv:2302.13971; grouped queries: Ainslie et al. 2023, arXiv:2305.13245.
 */
export function llama<Layer extends LlamaBlock>(
  g: Graph,
  config: DecoderSizes,
  weights: DecoderWeights<Layer>,
  inputs: ForwardInputs,
  over: AttentionOver,
  { windowOf, rotates = () => true, headNormsOf }: LlamaVariation<Layer> = {},
): Tensor {
  const { heads, kvHeads, headDim, rmsNormEps: eps } = config;
  const shape = { heads, kvHeads, headDim, scale: 1 / Math.sqrt(headDim) };
  const f = new Forward(g, inputs, over);
  let x = f.embed(weights.embedTokens); // [N, C]
  weights.layers.forEach((layer, index) => {
    const norms = headNormsOf?.(layer);
    /** Queries or keys y [N, count·D] as they meet: [N, count·D]. */
    const rotated = (y: Tensor, count: number, norm: Tensor | undefined): Tensor => {
      const normed = norm === undefined ? y : g.rmsNorm(y, norm, eps);
      return rotates(index) ? f.rotate(normed, { heads: count, headDim }) : normed;
    };
    x = g.block(() => {
      const normed = g.rmsNorm(x, layer.inputNorm, eps); // [N, C]
      const q = rotated(f.linear(normed, layer.qProj), heads, norms?.qNorm); // [N, H·D]
      const k = rotated(f.linear(normed, layer.kProj), kvHeads, norms?.kNorm); // [N, K·D]
      const v = f.linear(normed, layer.vProj); // [N, K·D]
      const attended = f.attention(index, q, k, v, { ...shape, window: windowOf?.(index) }); // [N, H·D]
      const mid = g.add(x, f.linear(attended, layer.oProj)); // [N, C]
      return g.add(mid, f.gatedFeedForward(g.rmsNorm(mid, layer.postAttentionNorm, eps), layer, 'silu')); // [N, C]
    });
  });
  return g.rmsNorm(x, weights.norm, eps);
}
