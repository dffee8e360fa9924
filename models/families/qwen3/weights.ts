import { bindDecoder, bindHeadNorms, bindLlamaBlock, headNorms, llamaBlockWeights } from '../decoder-weights.ts';
import type { Model, WeightBinder } from '../family.ts';
import type { Qwen3Config } from './config.ts';
import type { Qwen3Weights } from './model.ts';

/** Every tensor of a Qwen3 checkpoint in transformers' naming. */
export function qwen3Weights(config: Qwen3Config): Pick<Model, 'weights' | 'linearPaths' | 'headName'> {
  const bias = { qkv: config.attentionBias, o: config.attentionBias, mlp: false };
  return llamaBlockWeights(config, bias, headNorms(config.headDim));
}

export function bindQwen3({ layers }: Qwen3Config, bind: WeightBinder): Qwen3Weights {
  return bindDecoder(bind, layers, (block) => ({ ...bindLlamaBlock(bind, block), ...bindHeadNorms(bind, block) }));
}
