import {
  attentionLinears,
  bindAttention,
  bindGated,
  bindLayers,
  decoderWeights,
  EMBEDDING_NAME,
  FINAL_NORM_NAME,
  gatedLinears,
} from '../decoder-weights.ts';
import type { Model, WeightBinder } from '../family.ts';
import type { LlamaConfig } from './config.ts';
import type { LlamaWeights } from './model.ts';

/** Every tensor of a Llama checkpoint in transformers' naming. */
export function llamaWeights(config: LlamaConfig): Pick<Model, 'weights' | 'linearPaths' | 'headName'> {
  const { hiddenSize, attentionBias, mlpBias } = config;
  return decoderWeights({
    ...config,
    norms: [
      { path: 'input_layernorm', size: hiddenSize },
      { path: 'post_attention_layernorm', size: hiddenSize },
    ],
    linears: [...attentionLinears(config, { qkv: attentionBias, o: attentionBias }), ...gatedLinears(config, mlpBias)],
  });
}

export function bindLlama({ layers }: LlamaConfig, bind: WeightBinder): LlamaWeights {
  return {
    embedTokens: bind.matrix(EMBEDDING_NAME),
    layers: bindLayers(layers, (block) => ({
      inputNorm: bind.vector(`${block}.input_layernorm.weight`),
      ...bindAttention(bind, block),
      postAttentionNorm: bind.vector(`${block}.post_attention_layernorm.weight`),
      ...bindGated(bind, block),
    })),
    norm: bind.vector(FINAL_NORM_NAME),
  };
}
