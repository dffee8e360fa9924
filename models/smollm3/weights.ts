import {
  attentionLinears,
  bindAttention,
  bindDecoder,
  bindGated,
  bindPreNorms,
  decoderWeights,
  gatedLinears,
  preNorms,
} from '../decoder-weights.ts';
import type { Model, WeightBinder } from '../family.ts';
import type { SmolLm3Config } from './config.ts';
import type { SmolLm3Weights } from './model.ts';

/** Every tensor of a SmolLM3 checkpoint in transformers' naming. */
export function smolLm3Weights(config: SmolLm3Config): Pick<Model, 'weights' | 'linearPaths' | 'headName'> {
  return decoderWeights({
    ...config,
    norms: preNorms(config.hiddenSize),
    linears: [
      ...attentionLinears(config, { qkv: config.attentionBias, o: config.attentionBias }),
      ...gatedLinears(config, config.mlpBias),
    ],
  });
}

export function bindSmolLm3({ layers }: SmolLm3Config, bind: WeightBinder): SmolLm3Weights {
  return bindDecoder(bind, layers, (block) => ({
    ...bindPreNorms(bind, block),
    ...bindAttention(bind, block),
    ...bindGated(bind, block),
  }));
}
