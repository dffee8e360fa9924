import { ConfigReader } from '../config-reader.ts';
import { readDecoderSizes, readLayerWindows, type DecoderSizes } from '../decoder-config.ts';
import { readRope } from '../rope-config.ts';
import type { RopeTable } from '../rope.ts';

/** SmolLM3 as `config.json` describes it, in camelCase; closed: what is not here is not computed. */
export interface SmolLm3Config extends DecoderSizes {
  readonly rope: RopeTable;
  /** Which layers rotate queries and keys; the others have no positions at all. */
  readonly rotates: readonly boolean[];
  readonly tieWordEmbeddings: boolean;
  readonly attentionBias: boolean;
  readonly mlpBias: boolean;
  /** Tokens that each layer sees, itself counted; undefined: all. */
  readonly windows: readonly (number | undefined)[];
}

/**
 * Parses a SmolLM3 `config.json`.
 * @throws `bad-model` for a missing or contradicting value, `unsupported` for a key that changes the mathematics
 */
export function parseSmolLm3Config(json: Readonly<Record<string, unknown>>): SmolLm3Config {
  const config = new ConfigReader(json, 'SmolLM3');
  config.only('hidden_act', ['silu', 'swish']);
  config.only('partial_rotary_factor', [null, 1]);
  const sizes = readDecoderSizes(config, { maxPositions: 32768, kvHeads: 4 });
  const rotates = readRotatingLayers(config, sizes.layers);
  const parsed: SmolLm3Config = {
    ...sizes,
    rope: readRope(config, { headDim: sizes.headDim, theta: 2000000 }),
    rotates,
    tieWordEmbeddings: config.flag('tie_word_embeddings', true),
    attentionBias: config.flag('attention_bias', false),
    mlpBias: config.flag('mlp_bias', false),
    windows: readLayerWindows(config, sizes.layers, (layer) => rotates[layer] === false),
  };
  config.close();
  return parsed;
}

/** `no_rope_layers` has a 1 for each layer that does rotate; without it every `no_rope_layer_interval`-th does not. */
function readRotatingLayers(config: ConfigReader, layers: number): readonly boolean[] {
  const isMark = (value: unknown): value is 0 | 1 => value === 0 || value === 1;
  const marks = config.list('no_rope_layers', layers, isMark, '0 or 1');
  const interval = config.whole('no_rope_layer_interval', 4);
  return Array.from({ length: layers }, (_, i) => (marks === undefined ? (i + 1) % interval !== 0 : marks[i] === 1));
}
