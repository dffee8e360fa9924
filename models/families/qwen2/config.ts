import { ConfigReader } from '../config-reader.ts';
import { readDecoderSizes, readLayerWindows, type DecoderSizes } from '../decoder-config.ts';
import { readRope } from '../rope-config.ts';
import type { RopeTable } from '../rope.ts';

/** Qwen2 and Qwen2.5 as `config.json` describes them, in camelCase; closed: what is not here is not computed. */
export interface Qwen2Config extends DecoderSizes {
  readonly rope: RopeTable;
  readonly tieWordEmbeddings: boolean;
  /** Tokens that each layer sees, itself counted; undefined: all. */
  readonly windows: readonly (number | undefined)[];
}

/**
 * Parses a Qwen2 `config.json`.
 * @throws `bad-model` for a missing or contradicting value, `unsupported` for a key that changes the mathematics
 */
export function parseQwen2Config(json: Readonly<Record<string, unknown>>): Qwen2Config {
  const config = new ConfigReader(json, 'Qwen2');
  config.only('hidden_act', ['silu', 'swish']);
  config.only('partial_rotary_factor', [null, 1]);
  config.only('use_mrope', [null, false]);
  const sizes = readDecoderSizes(config, { maxPositions: 32768 });
  const parsed: Qwen2Config = {
    ...sizes,
    rope: readRope(config, { headDim: sizes.headDim, theta: 10000 }),
    tieWordEmbeddings: config.flag('tie_word_embeddings', false),
    windows: readLayerWindows(config, sizes.layers, (layer, maxWindowLayers) => layer >= maxWindowLayers),
  };
  config.close();
  return parsed;
}
