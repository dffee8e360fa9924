import { bindLlamaDecoder, llamaBlockWeights } from '../decoder-weights.ts';
import type { Model } from '../family.ts';
import { parseQwen2Config } from './config.ts';
import { qwen2 } from './model.ts';

/** @throws see parseQwen2Config */
export function makeQwen2(json: Readonly<Record<string, unknown>>): Model {
  const config = parseQwen2Config(json);
  const { hiddenSize, layers, heads, kvHeads, headDim, vocabSize, maxPositions, rope } = config;
  return {
    shape: { modelType: 'qwen2', hiddenSize, layers, heads, kvHeads, headDim, vocabSize, maxPositions },
    ...llamaBlockWeights(config, { qkv: true, o: false, mlp: false }),
    rope: { default: rope },
    hidden: (g, bind, inputs, over) => qwen2(g, config, bindLlamaDecoder(bind, layers), inputs, over),
  };
}
