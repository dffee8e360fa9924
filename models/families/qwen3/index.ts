import type { Model } from '../family.ts';
import { parseQwen3Config } from './config.ts';
import { qwen3 } from './model.ts';
import { bindQwen3, qwen3Weights } from './weights.ts';

/** @throws see parseQwen3Config */
export function makeQwen3(json: Readonly<Record<string, unknown>>): Model {
  const config = parseQwen3Config(json);
  const { hiddenSize, layers, heads, kvHeads, headDim, vocabSize, maxPositions, rope } = config;
  return {
    shape: { modelType: 'qwen3', hiddenSize, layers, heads, kvHeads, headDim, vocabSize, maxPositions },
    ...qwen3Weights(config),
    rope: { default: rope },
    hidden: (g, bind, inputs, over) => qwen3(g, config, bindQwen3(config, bind), inputs, over),
  };
}
