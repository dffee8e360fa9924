import type { Graph } from '../../../src/graph/graph.ts';
import type { Tensor } from '../../../src/graph/tensor.ts';
import type { DecoderWeights, LlamaBlock } from '../decoder-weights.ts';
import type { AttentionOver, ForwardInputs } from '../family.ts';
import { llama } from '../llama/model.ts';
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
  return llama(g, config, weights, inputs, over, { windowOf: () => config.window });
}
