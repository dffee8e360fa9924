import type { Graph } from '../../../src/graph/graph.ts';
import type { Tensor } from '../../../src/graph/tensor.ts';
import type { DecoderWeights, LlamaBlock } from '../decoder-weights.ts';
import type { AttentionOver, ForwardInputs } from '../family.ts';
import { Forward } from '../forward.ts';
import type { SmolLm3Config } from './config.ts';

/**
 * The final hidden states of a flat batch of N tokens, before the head: [N, C]. Llama's block, in which some layers see
 * order through the causal mask alone (NoPE: Kazemnejad et al. 2023, arXiv:2305.19466; interleaved: Yang et al. 2025,
 * arXiv:2501.18795). SmolLM3: https://huggingface.co/blog/smollm3
 */
export function smolLm3(
  g: Graph,
  config: SmolLm3Config,
  weights: DecoderWeights<LlamaBlock>,
  inputs: ForwardInputs,
  over: AttentionOver,
): Tensor {
  const { heads, kvHeads, headDim, rotates, windows, rmsNormEps: eps } = config;
  const shape = { heads, kvHeads, headDim, scale: 1 / Math.sqrt(headDim) };
  const f = new Forward(g, inputs, over);
  let x = f.embed(weights.embedTokens); // [N, C]
  weights.layers.forEach((layer, index) => {
    x = g.block(() => {
      const normed = g.rmsNorm(x, layer.inputNorm, eps); // [N, C]
      const rotate = (y: Tensor, count: number): Tensor =>
        rotates[index] === true ? f.rotate(y, { heads: count, headDim }) : y;
      const q = rotate(f.linear(normed, layer.qProj), heads); // [N, H·D]
      const k = rotate(f.linear(normed, layer.kProj), kvHeads); // [N, K·D]
      const v = f.linear(normed, layer.vProj); // [N, K·D]
      const attended = f.attention(index, q, k, v, { ...shape, window: windows[index] }); // [N, H·D]
      const mid = g.add(x, f.linear(attended, layer.oProj)); // [N, C]
      return g.add(mid, f.gatedFeedForward(g.rmsNorm(mid, layer.postAttentionNorm, eps), layer, 'silu')); // [N, C]
    });
  });
  return g.rmsNorm(x, weights.norm, eps);
}
