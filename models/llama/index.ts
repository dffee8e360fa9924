import type { Model } from '../family.ts';
import { parseLlamaConfig } from './config.ts';
import { llama } from './model.ts';
import { bindLlama, llamaWeights } from './weights.ts';

/** @throws see parseLlamaConfig */
export function makeLlama(json: Readonly<Record<string, unknown>>): Model {
  const config = parseLlamaConfig(json);
  const { hiddenSize, layers, heads, kvHeads, headDim, vocabSize, maxPositions, rope } = config;
  return {
    shape: { modelType: 'llama', hiddenSize, layers, heads, kvHeads, headDim, vocabSize, maxPositions },
    ...llamaWeights(config),
    rope: { default: rope },
    hidden: (g, bind, inputs, over) => llama(g, config, bindLlama(config, bind), inputs, over),
  };
}
