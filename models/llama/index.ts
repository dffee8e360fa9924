import type { Model } from '../family.ts';
import { parseLlamaConfig } from './config.ts';
import { llama } from './model.ts';
import { bindLlama, EMBEDDING_NAME, HEAD_NAME, llamaLinearPaths, llamaWeightSpecs } from './weights.ts';

/** @throws see parseLlamaConfig */
export function makeLlama(json: Readonly<Record<string, unknown>>): Model {
  const config = parseLlamaConfig(json);
  const { hiddenSize, layers, heads, kvHeads, headDim, vocabSize, maxPositions, ropeTheta } = config;
  return {
    shape: {
      modelType: 'llama',
      hiddenSize,
      layers,
      heads,
      kvHeads,
      headDim,
      vocabSize,
      maxPositions,
      rotaryDim: headDim,
    },
    weights: llamaWeightSpecs(config),
    linearPaths: llamaLinearPaths(config),
    headName: config.tieWordEmbeddings ? EMBEDDING_NAME : HEAD_NAME,
    inverseFrequencies: Float64Array.from({ length: headDim / 2 }, (_, i) => ropeTheta ** ((-2 * i) / headDim)),
    hidden: (g, bind, inputs, over) => llama(g, config, bindLlama(config, bind), inputs, over),
  };
}
