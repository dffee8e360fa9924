import type { Graph } from '../../../src/graph/graph.ts';
import type { Tensor } from '../../../src/graph/tensor.ts';
import type { DecoderWeights, LlamaBlock } from '../decoder-weights.ts';
import type { AttentionOver, ForwardInputs } from '../family.ts';
import { llama } from '../llama/model.ts';
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
  return llama(g, config, weights, inputs, over, {
    windowOf: (index) => config.windows[index],
    rotates: (index) => config.rotates[index] === true,
  });
}
