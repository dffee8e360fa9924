import { ConfigReader } from '../config-reader.ts';
import { readDecoderSizes, type DecoderSizes } from '../decoder-config.ts';
import { readRope } from '../rope-config.ts';
import type { RopeTable } from '../rope.ts';

/** Mistral as `config.json` describes it, in camelCase; closed: what is not here is not computed. */
export interface MistralConfig extends DecoderSizes {
  readonly rope: RopeTable;
  readonly tieWordEmbeddings: boolean;
  /** Tokens that every layer sees, itself counted; undefined: all. */
  readonly window: number | undefined;
}

/**
 * Parses a Mistral `config.json`.
 * @throws `bad-model` for a missing or contradicting value, `unsupported` for a key that changes the mathematics
 */
export function parseMistralConfig(json: Readonly<Record<string, unknown>>): MistralConfig {
  const config = new ConfigReader(json, 'Mistral');
  config.only('hidden_act', ['silu', 'swish']);
  config.only('partial_rotary_factor', [null, 1]);
  config.only('attention_bias', [null, false]);
  config.only('mlp_bias', [null, false]);
  const sizes = readDecoderSizes(config, { maxPositions: 4096 * 32, kvHeads: 8 });
  const parsed: MistralConfig = {
    ...sizes,
    rope: readRope(config, { headDim: sizes.headDim, theta: 10000 }),
    tieWordEmbeddings: config.flag('tie_word_embeddings', false),
    // v0.1 has a window; later files say null. transformers assumes v0.1's where the key is missing.
    window: config.isNull('sliding_window') ? undefined : config.whole('sliding_window', 4096),
  };
  config.close();
  return parsed;
}
