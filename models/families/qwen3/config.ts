import { ConfigReader } from '../config-reader.ts';
import { readDecoderSizes, readLayerWindows, type DecoderSizes } from '../decoder-config.ts';
import { readRope } from '../rope-config.ts';
import type { RopeTable } from '../rope.ts';

/** Qwen3 as `config.json` describes it, in camelCase; closed: what is not here is not computed. */
export interface Qwen3Config extends DecoderSizes {
  readonly rope: RopeTable;
  readonly tieWordEmbeddings: boolean;
  readonly attentionBias: boolean;
  /** Tokens that each layer sees, itself counted; undefined: all. */
  readonly windows: readonly (number | undefined)[];
}

/**
 * Parses a Qwen3 `config.json`.
 * @throws `bad-model` for a missing or contradicting value, `unsupported` for a key that changes the mathematics
 */
export function parseQwen3Config(json: Readonly<Record<string, unknown>>): Qwen3Config {
  const config = new ConfigReader(json, 'Qwen3');
  config.only('hidden_act', ['silu', 'swish']);
  config.only('partial_rotary_factor', [null, 1]);
  const sizes = readDecoderSizes(config, { maxPositions: 32768, headDim: 128 });
  const parsed: Qwen3Config = {
    ...sizes,
    rope: readRope(config, { headDim: sizes.headDim, theta: 10000 }),
    tieWordEmbeddings: config.flag('tie_word_embeddings', false),
    attentionBias: config.flag('attention_bias', false),
    windows: readLayerWindows(config, sizes.layers, (layer, maxWindowLayers) => layer >= maxWindowLayers),
  };
  config.close();
  return parsed;
}
