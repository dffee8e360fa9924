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
import type { LlamaConfig } from './config.ts';
import type { LlamaWeights } from './model.ts';

/** Every tensor of a Llama checkpoint in transformers' naming. */
export function llamaWeights(config: LlamaConfig): Pick<Model, 'weights' | 'linearPaths' | 'headName'> {
  return decoderWeights({
    ...config,
    norms: preNorms(config.hiddenSize),
    linears: [
      ...attentionLinears(config, { qkv: config.attentionBias, o: config.attentionBias }),
      ...gatedLinears(config, config.mlpBias),
    ],
  });
}

export function bindLlama({ layers }: LlamaConfig, bind: WeightBinder): LlamaWeights {
  return bindDecoder(bind, layers, (block) => ({
    ...bindPreNorms(bind, block),
    ...bindAttention(bind, block),
    ...bindGated(bind, block),
  }));
}
