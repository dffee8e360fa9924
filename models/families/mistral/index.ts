import { bindLlamaDecoder, llamaBlockWeights } from '../decoder-weights.ts';
import type { Model } from '../family.ts';
import { parseMistralConfig } from './config.ts';
import { mistral } from './model.ts';

/** @throws see parseMistralConfig */
export function makeMistral(json: Readonly<Record<string, unknown>>): Model {
  const config = parseMistralConfig(json);
  const { hiddenSize, layers, heads, kvHeads, headDim, vocabSize, maxPositions, rope } = config;
  return {
    shape: { modelType: 'mistral', hiddenSize, layers, heads, kvHeads, headDim, vocabSize, maxPositions },
    ...llamaBlockWeights(config, { qkv: false, o: false, mlp: false }),
    rope: { default: rope },
    hidden: (g, bind, inputs, over) => mistral(g, config, bindLlamaDecoder(bind, layers), inputs, over),
  };
}
