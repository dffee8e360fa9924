import type { Graph, LinearWeights } from '../../src/graph/graph.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import type { AttentionOver, ForwardInputs } from '../family.ts';
import type { LlamaConfig } from './config.ts';

/** Llama's weight tree up to the head. Shapes: C hidden, H heads, K kv heads, D head dim, F feed-forward, V vocabulary. */
export interface LlamaWeights {
  readonly embedTokens: Tensor; // [V, C]
  readonly layers: readonly LlamaLayer[];
  readonly norm: Tensor; // [C]
}

export interface LlamaLayer {
  readonly inputNorm: Tensor; // [C]
  readonly qProj: LinearWeights; // [H·D, C]
  readonly kProj: LinearWeights; // [K·D, C]
  readonly vProj: LinearWeights; // [K·D, C]
  readonly oProj: LinearWeights; // [C, H·D]
  readonly postAttentionNorm: Tensor; // [C]
  readonly gateProj: LinearWeights; // [F, C]
  readonly upProj: LinearWeights; // [F, C]
  readonly downProj: LinearWeights; // [C, F]
}

/**
 * The final hidden states of a flat batch of N tokens, before the head: [N, C].
 * Touvron et al. 2023, arXiv:2302.13971; grouped queries: Ainslie et al. 2023, arXiv:2305.13245.
 */
export function llama(
  g: Graph,
  config: LlamaConfig,
  weights: LlamaWeights,
  inputs: ForwardInputs,
  over: AttentionOver,
): Tensor {
  const { heads, kvHeads, headDim, rmsNormEps: eps } = config;
  const { tokens, positions, step, rope } = inputs;
  const shape = { heads, kvHeads, headDim, scale: 1 / Math.sqrt(headDim) };
  let x = g.embedding(tokens, weights.embedTokens); // [N, C]
  weights.layers.forEach((layer, index) => {
    x = g.block(() => {
      const normed = g.rmsNorm(x, layer.inputNorm, eps); // [N, C]
      const q = g.rotary(g.linear(normed, layer.qProj, step), positions, rope, { heads, headDim, rotaryDim: headDim }); // [N, H·D]
      const k = g.rotary(g.linear(normed, layer.kProj, step), positions, rope, {
        heads: kvHeads,
        headDim,
        rotaryDim: headDim,
      }); // [N, K·D]
      const v = g.linear(normed, layer.vProj, step); // [N, K·D]
      const attended =
        over.kind === 'segments'
          ? g.attention(q, k, v, over.bounds, shape)
          : g.cachedAttention(q, k, v, cacheOf(over.caches, index), { slots: over.slots, positions }, shape); // [N, H·D]
      const mid = g.add(x, g.linear(attended, layer.oProj, step)); // [N, C]
      const normedMid = g.rmsNorm(mid, layer.postAttentionNorm, eps);
      const gated = g.gatedActivation(
        g.linear(normedMid, layer.gateProj, step),
        g.linear(normedMid, layer.upProj, step),
        'silu',
      ); // [N, F]
      return g.add(mid, g.linear(gated, layer.downProj, step)); // [N, C]
    });
  });
  return g.rmsNorm(x, weights.norm, eps);
}

function cacheOf(
  caches: readonly { readonly k: Tensor; readonly v: Tensor }[],
  layer: number,
): { readonly k: Tensor; readonly v: Tensor } {
  const cache = caches[layer];
  if (cache === undefined) throw new RangeError(`no cache for layer ${layer}`);
  return cache;
}
