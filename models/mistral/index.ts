import type { Model } from '../family.ts';
import { parseMistralConfig } from './config.ts';
import { mistral } from './model.ts';
import { bindMistral, mistralWeights } from './weights.ts';

/** @throws see parseMistralConfig */
export function makeMistral(json: Readonly<Record<string, unknown>>): Model {
  const config = parseMistralConfig(json);
  const { hiddenSize, layers, heads, kvHeads, headDim, vocabSize, maxPositions, rope } = config;
  return {
    shape: { modelType: 'mistral', hiddenSize, layers, heads, kvHeads, headDim, vocabSize, maxPositions },
    ...mistralWeights(config),
    rope: { default: rope },
    hidden: (g, bind, inputs, over) => mistral(g, config, bindMistral(config, bind), inputs, over),
  };
}
