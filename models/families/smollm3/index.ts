import { bindLlamaDecoder, llamaBlockWeights } from '../decoder-weights.ts';
import type { Model } from '../family.ts';
import { parseSmolLm3Config } from './config.ts';
import { smolLm3 } from './model.ts';

/** @throws see parseSmolLm3Config */
export function makeSmolLm3(json: Readonly<Record<string, unknown>>): Model {
  const config = parseSmolLm3Config(json);
  const { hiddenSize, layers, heads, kvHeads, headDim, vocabSize, maxPositions, rope } = config;
  return {
    shape: { modelType: 'smollm3', hiddenSize, layers, heads, kvHeads, headDim, vocabSize, maxPositions },
    ...llamaBlockWeights(config, { qkv: config.attentionBias, o: config.attentionBias, mlp: config.mlpBias }),
    rope: { default: rope },
    hidden: (g, bind, inputs, over) => smolLm3(g, config, bindLlamaDecoder(bind, layers), inputs, over),
  };
}
