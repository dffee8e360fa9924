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
import type { MistralConfig } from './config.ts';
import type { MistralWeights } from './model.ts';

/** Every tensor of a Mistral checkpoint in transformers' naming. */
export function mistralWeights(config: MistralConfig): Pick<Model, 'weights' | 'linearPaths' | 'headName'> {
  return decoderWeights({
    ...config,
    norms: preNorms(config.hiddenSize),
    linears: [...attentionLinears(config, { qkv: false, o: false }), ...gatedLinears(config)],
  });
}

export function bindMistral({ layers }: MistralConfig, bind: WeightBinder): MistralWeights {
  return bindDecoder(bind, layers, (block) => ({
    ...bindPreNorms(bind, block),
    ...bindAttention(bind, block),
    ...bindGated(bind, block),
  }));
}
