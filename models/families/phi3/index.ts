import type { Model } from '../family.ts';
import { parsePhi3Config } from './config.ts';
import { phi3 } from './model.ts';
import { bindPhi3, phi3Weights } from './weights.ts';

/** @throws see parsePhi3Config */
export function makePhi3(json: Readonly<Record<string, unknown>>): Model {
  const config = parsePhi3Config(json);
  const { hiddenSize, layers, heads, kvHeads, headDim, vocabSize, maxPositions, rope } = config;
  return {
    shape: { modelType: 'phi3', hiddenSize, layers, heads, kvHeads, headDim, vocabSize, maxPositions },
    ...phi3Weights(config),
    rope: { default: rope },
    hidden: (g, bind, inputs, over) => phi3(g, config, bindPhi3(config, bind), inputs, over),
  };
}
