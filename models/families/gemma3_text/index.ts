import type { Model } from '../family.ts';
import { parseGemma3TextConfig } from './config.ts';
import { gemma3Text } from './model.ts';
import { bindGemma3Text, gemma3TextWeights } from './weights.ts';

/** @throws see parseGemma3TextConfig */
export function makeGemma3Text(json: Readonly<Record<string, unknown>>): Model {
  const config = parseGemma3TextConfig(json);
  const { hiddenSize, layers, heads, kvHeads, headDim, vocabSize, maxPositions, rope } = config;
  return {
    shape: { modelType: 'gemma3_text', hiddenSize, layers, heads, kvHeads, headDim, vocabSize, maxPositions },
    ...gemma3TextWeights(config),
    rope,
    hidden: (g, bind, inputs, over) => gemma3Text(g, config, bindGemma3Text(config, bind), inputs, over),
  };
}
