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
import type { Qwen2Config } from './config.ts';
import type { Qwen2Weights } from './model.ts';

/** Every tensor of a Qwen2 checkpoint in transformers' naming. */
export function qwen2Weights(config: Qwen2Config): Pick<Model, 'weights' | 'linearPaths' | 'headName'> {
  return decoderWeights({
    ...config,
    norms: preNorms(config.hiddenSize),
    linears: [...attentionLinears(config, { qkv: true, o: false }), ...gatedLinears(config)],
  });
}

export function bindQwen2({ layers }: Qwen2Config, bind: WeightBinder): Qwen2Weights {
  return bindDecoder(bind, layers, (block) => ({
    ...bindPreNorms(bind, block),
    ...bindAttention(bind, block),
    ...bindGated(bind, block),
  }));
}
