import type { Model } from '../family.ts';
import { parseGpt2Config } from './config.ts';
import { gpt2 } from './model.ts';
import { bindGpt2, GPT2_DERIVED, gpt2Weights } from './weights.ts';

/** @throws see parseGpt2Config */
export function makeGpt2(json: Readonly<Record<string, unknown>>): Model {
  const config = parseGpt2Config(json);
  const { hiddenSize, layers, heads, headDim, vocabSize, maxPositions } = config;
  return {
    shape: { modelType: 'gpt2', hiddenSize, layers, heads, kvHeads: heads, headDim, vocabSize, maxPositions },
    ...gpt2Weights(config),
    rope: {},
    derived: GPT2_DERIVED,
    hidden: (g, bind, inputs, over) => gpt2(g, config, bindGpt2(config, bind), inputs, over),
  };
}
