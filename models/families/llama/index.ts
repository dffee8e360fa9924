import { bindLlamaDecoder, llamaBlockWeights } from '../decoder-weights.ts';
import type { Model } from '../family.ts';
import { parseLlamaConfig } from './config.ts';
import { llama } from './model.ts';

/** @throws see parseLlamaConfig */
export function makeLlama(json: Readonly<Record<string, unknown>>): Model {
  const config = parseLlamaConfig(json);
  const { hiddenSize, layers, heads, kvHeads, headDim, vocabSize, maxPositions, rope } = config;
  return {
    shape: { modelType: 'llama', hiddenSize, layers, heads, kvHeads, headDim, vocabSize, maxPositions },
    ...llamaBlockWeights(config, { qkv: config.attentionBias, o: config.attentionBias, mlp: config.mlpBias }),
    rope: { default: rope },
    hidden: (g, bind, inputs, over) => llama(g, config, bindLlamaDecoder(bind, layers), inputs, over),
  };
}
