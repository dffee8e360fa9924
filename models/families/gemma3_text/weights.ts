import { bindDecoder, bindHeadNorms, bindLlamaBlock, headNorms, llamaBlockWeights } from '../decoder-weights.ts';
import type { Model, WeightBinder } from '../family.ts';
import type { Gemma3TextConfig } from './config.ts';
import type { Gemma3TextWeights } from './model.ts';

/** Every tensor of a Gemma 3 text checkpoint in transformers' naming. */
export function gemma3TextWeights(config: Gemma3TextConfig): Pick<Model, 'weights' | 'linearPaths' | 'headName'> {
  const { hiddenSize, headDim, attentionBias } = config;
  return llamaBlockWeights(config, { qkv: attentionBias, o: attentionBias, mlp: false }, [
    { path: 'pre_feedforward_layernorm', size: hiddenSize },
    { path: 'post_feedforward_layernorm', size: hiddenSize },
    ...headNorms(headDim),
  ]);
}

export function bindGemma3Text({ layers }: Gemma3TextConfig, bind: WeightBinder): Gemma3TextWeights {
  return bindDecoder(bind, layers, (block) => ({
    ...bindLlamaBlock(bind, block),
    preFeedForwardNorm: bind.vector(`${block}.pre_feedforward_layernorm.weight`),
    postFeedForwardNorm: bind.vector(`${block}.post_feedforward_layernorm.weight`),
    ...bindHeadNorms(bind, block),
  }));
}
