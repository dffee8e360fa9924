import type { Graph } from '../../../src/graph/graph.ts';
import type { Tensor } from '../../../src/graph/tensor.ts';
import type { DecoderWeights, HeadNorms, LlamaBlock } from '../decoder-weights.ts';
import type { AttentionOver, ForwardInputs } from '../family.ts';
import { llama } from '../llama/model.ts';
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
  return llama(g, config, weights, inputs, over, {
    windowOf: (index) => config.windows[index],
    headNormsOf: (layer) => layer,
  });
}
