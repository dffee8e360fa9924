import { ConfigReader } from '../config-reader.ts';
import { readDecoderSizes, type DecoderSizes } from '../decoder-config.ts';
import { readRope } from '../rope-config.ts';
import type { RopeTable } from '../rope.ts';

/** Phi-3 as `config.json` describes it, in camelCase; closed: what is not here is not computed. */
export interface Phi3Config extends DecoderSizes {
  readonly rope: RopeTable;
  readonly tieWordEmbeddings: boolean;
  /** Tokens that every layer sees, itself counted; undefined: all. */
  readonly window: number | undefined;
}

/**
 * Parses a Phi-3 or Phi-4-mini `config.json`. A model stretched by LongRoPE is offered with its original context.
 * @throws `bad-model` for a missing or contradicting value, `unsupported` for a key that changes the mathematics
 */
export function parsePhi3Config(json: Readonly<Record<string, unknown>>): Phi3Config {
  const config = new ConfigReader(json, 'Phi-3');
  config.only('hidden_act', ['silu', 'swish']);
  config.only('attention_bias', [null, false]);
  config.only('mlp_bias', [null, false]);
  config.only('lm_head_bias', [null, false]);
  config.only('full_attn_mod', [null, 1]);
  config.only('interpolate_factor', [null, 1]);
  config.ignore('embd_pdrop', 'resid_pdrop'); // dropout is the adapter's
  const sizes = readDecoderSizes(config, { maxPositions: 4096 });
  const nested = config.nested('rope_parameters');
  const partial = config.number('partial_rotary_factor', nested?.number('partial_rotary_factor', 1) ?? 1);
  if (Math.floor(sizes.headDim * partial) % 2 !== 0)
    throw config.contradiction('partial_rotary_factor', `a share of ${sizes.headDim} that is an even number`);
  const originalMaxPositions = config.whole(
    'original_max_position_embeddings',
    nested?.whole('original_max_position_embeddings', 4096) ?? 4096,
  );
  const long = { originalMaxPositions, maxPositions: sizes.maxPositions };
  const rope = readRope(config, { headDim: sizes.headDim, theta: 10000, partial }, long);
  const parsed: Phi3Config = {
    ...sizes,
    rope,
    maxPositions: Math.min(sizes.maxPositions, rope.maxPositions ?? Infinity),
    tieWordEmbeddings: config.flag('tie_word_embeddings', false),
    window: config.optionalWhole('sliding_window'),
  };
  config.close();
  return parsed;
}
