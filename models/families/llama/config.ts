import { ConfigReader } from '../config-reader.ts';
import { readDecoderSizes, type DecoderSizes } from '../decoder-config.ts';
import { readRope } from '../rope-config.ts';
import type { RopeTable } from '../rope.ts';

/** Llama as `config.json` describes it, in camelCase; closed: what is not here is not computed. */
export interface LlamaConfig extends DecoderSizes {
  readonly rope: RopeTable;
  readonly tieWordEmbeddings: boolean;
  readonly attentionBias: boolean;
  readonly mlpBias: boolean;
}

/**
 * Parses a Llama `config.json`.
 * @throws `bad-model` for a missing or contradicting value, `unsupported` for a key that changes the mathematics
 */
export function parseLlamaConfig(json: Readonly<Record<string, unknown>>): LlamaConfig {
  const config = new ConfigReader(json, 'Llama');
  config.only('hidden_act', ['silu', 'swish']);
  config.only('partial_rotary_factor', [null, 1]);
  config.only('sliding_window', [null]);
  config.only('rope_interleaved', [null, false]);
  config.ignore('is_llama_config');
  const sizes = readDecoderSizes(config, { maxPositions: 2048 });
  const parsed: LlamaConfig = {
    ...sizes,
    rope: readRope(config, { headDim: sizes.headDim, theta: 10000 }),
    tieWordEmbeddings: config.flag('tie_word_embeddings', false),
    attentionBias: config.flag('attention_bias', false),
    mlpBias: config.flag('mlp_bias', false),
  };
  config.close();
  return parsed;
}
