import { ConfigReader } from '../config-reader.ts';
import { readDecoderSizes, readLayerTypes, type DecoderSizes, type LayerType } from '../decoder-config.ts';
import { plainRope, readRope, readRopeParameters } from '../rope-config.ts';
import type { RopeTable } from '../rope.ts';

/** Gemma 3's text model as `config.json` describes it, in camelCase; closed: what is not here is not computed. */
export interface Gemma3TextConfig extends DecoderSizes {
  /** Rotary positions of each type of layer. */
  readonly rope: Readonly<Record<LayerType, RopeTable>>;
  readonly layerTypes: readonly LayerType[];
  /** Tokens that a sliding layer sees, itself counted. */
  readonly window: number;
  /** Scores are divided by its square root. */
  readonly queryPreAttnScalar: number;
  readonly tieWordEmbeddings: boolean;
  readonly attentionBias: boolean;
}

/**
 * Parses a Gemma 3 text `config.json`.
 * @throws `bad-model` for a missing or contradicting value, `unsupported` for a key that changes the mathematics
 */
export function parseGemma3TextConfig(json: Readonly<Record<string, unknown>>): Gemma3TextConfig {
  const config = new ConfigReader(json, 'Gemma 3 text');
  config.only('hidden_activation', ['gelu_pytorch_tanh']);
  config.only('hidden_act', [null, 'gelu_pytorch_tanh']);
  config.only('attn_logit_softcapping', [null]);
  config.only('final_logit_softcapping', [null]);
  config.only('use_bidirectional_attention', [null, false]);
  const sizes = readDecoderSizes(config, { maxPositions: 131072, kvHeads: 4, headDim: 256 });
  const parsed: Gemma3TextConfig = {
    ...sizes,
    rope: readRopes(config, sizes.headDim),
    layerTypes: readTypes(config, sizes.layers),
    window: config.whole('sliding_window', 4096),
    queryPreAttnScalar: config.number('query_pre_attn_scalar', 256),
    tieWordEmbeddings: config.flag('tie_word_embeddings', true),
    attentionBias: config.flag('attention_bias', false),
  };
  config.close();
  return parsed;
}

/** transformers 5 nests a `rope_parameters` per type; older files have a base for each and scale the global one. */
function readRopes(config: ConfigReader, headDim: number): Readonly<Record<LayerType, RopeTable>> {
  const full = { headDim, theta: config.number('rope_theta', 1000000) };
  const sliding = { headDim, theta: config.number('rope_local_base_freq', 10000) };
  const nested = config.nested('rope_parameters');
  const fullParameters = nested?.nested('full_attention');
  const slidingParameters = nested?.nested('sliding_attention');
  if (nested === undefined) {
    return { full_attention: readRope(config, full), sliding_attention: plainRope(sliding) };
  }
  config.only('rope_scaling', [null]);
  nested.close();
  if (fullParameters === undefined) throw nested.contradiction('full_attention', 'an object');
  if (slidingParameters === undefined) throw nested.contradiction('sliding_attention', 'an object');
  return {
    full_attention: readRopeParameters(fullParameters, full),
    sliding_attention: readRopeParameters(slidingParameters, sliding),
  };
}

/** Every `sliding_window_pattern`-th layer sees everything, where the file does not list the types. */
function readTypes(config: ConfigReader, layers: number): readonly LayerType[] {
  const types = readLayerTypes(config, layers);
  const pattern = config.whole('sliding_window_pattern', config.whole('_sliding_window_pattern', 6));
  if (types !== undefined) return types;
  return Array.from({ length: layers }, (_, i) => ((i + 1) % pattern === 0 ? 'full_attention' : 'sliding_attention'));
}
