import {
  attentionLinears,
  bindAttention,
  bindDecoder,
  bindGated,
  bindHeadNorms,
  bindPreNorms,
  decoderWeights,
  gatedLinears,
  headNorms,
  preNorms,
} from '../decoder-weights.ts';
import type { Model, WeightBinder } from '../family.ts';
import type { Qwen3Config } from './config.ts';
import type { Qwen3Weights } from './model.ts';

/** Every tensor of a Qwen3 checkpoint in transformers' naming. */
export function qwen3Weights(config: Qwen3Config): Pick<Model, 'weights' | 'linearPaths' | 'headName'> {
  return decoderWeights({
    ...config,
    norms: [...preNorms(config.hiddenSize), ...headNorms(config.headDim)],
    linears: [
      ...attentionLinears(config, { qkv: config.attentionBias, o: config.attentionBias }),
      ...gatedLinears(config),
    ],
  });
}

export function bindQwen3({ layers }: Qwen3Config, bind: WeightBinder): Qwen3Weights {
  return bindDecoder(bind, layers, (block) => ({
    ...bindPreNorms(bind, block),
    ...bindAttention(bind, block),
    ...bindHeadNorms(bind, block),
    ...bindGated(bind, block),
  }));
}
