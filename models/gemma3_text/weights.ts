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
import type { Gemma3TextConfig } from './config.ts';
import type { Gemma3TextWeights } from './model.ts';

/** Every tensor of a Gemma 3 text checkpoint in transformers' naming. */
export function gemma3TextWeights(config: Gemma3TextConfig): Pick<Model, 'weights' | 'linearPaths' | 'headName'> {
  const { hiddenSize, headDim, attentionBias } = config;
  return decoderWeights({
    ...config,
    norms: [
      ...preNorms(hiddenSize),
      { path: 'pre_feedforward_layernorm', size: hiddenSize },
      { path: 'post_feedforward_layernorm', size: hiddenSize },
      ...headNorms(headDim),
    ],
    linears: [...attentionLinears(config, { qkv: attentionBias, o: attentionBias }), ...gatedLinears(config)],
  });
}

export function bindGemma3Text({ layers }: Gemma3TextConfig, bind: WeightBinder): Gemma3TextWeights {
  return bindDecoder(bind, layers, (block) => ({
    ...bindPreNorms(bind, block),
    preFeedForwardNorm: bind.vector(`${block}.pre_feedforward_layernorm.weight`),
    postFeedForwardNorm: bind.vector(`${block}.post_feedforward_layernorm.weight`),
    ...bindAttention(bind, block),
    ...bindHeadNorms(bind, block),
    ...bindGated(bind, block),
  }));
}
