import type { Graph } from '../../../src/graph/graph.ts';
import type { Tensor } from '../../../src/graph/tensor.ts';
import type { DecoderWeights, LlamaBlock } from '../decoder-weights.ts';
import type { AttentionOver, ForwardInputs } from '../family.ts';
import { llama } from '../llama/model.ts';
import type { Qwen2Config } from './config.ts';

/**
 * The final hidden states of a flat batch of N tokens, before the head: [N, C]. Llama's block with a bias on queries, keys
 * and values. Yang et al. 2024, arXiv:2407.10671 and arXiv:2412.15115 (Qwen2.5).
 */
export function qwen2(
  g: Graph,
  config: Qwen2Config,
  weights: DecoderWeights<LlamaBlock>,
  inputs: ForwardInputs,
  over: AttentionOver,
): Tensor {
  return llama(g, config, weights, inputs, over, { windowOf: (index) => config.windows[index] });
}
