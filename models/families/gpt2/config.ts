import { ConfigReader } from '../config-reader.ts';
import { assertHeadFits } from '../decoder-config.ts';

/** GPT-2 as `config.json` describes it, in camelCase; closed: what is not here is not computed. */
export interface Gpt2Config {
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly headDim: number;
  readonly intermediateSize: number;
  readonly vocabSize: number;
  readonly layerNormEps: number;
  /** Length of the table of learned positions. */
  readonly maxPositions: number;
  readonly tieWordEmbeddings: boolean;
}

/** Keys of GPT-2's classification head, and dropout, which is the adapter's. */
const WITHOUT_EFFECT = [
  'attn_pdrop',
  'embd_pdrop',
  'resid_pdrop',
  'summary_activation',
  'summary_first_dropout',
  'summary_proj_to_labels',
  'summary_type',
  'summary_use_proj',
  'reorder_and_upcast_attn', // the order of the same products, for 16-bit floats
  'n_ctx', // n_positions' name of before transformers 4
];

/**
 * Parses a GPT-2 `config.json`.
 * @throws `bad-model` for a missing or contradicting value, `unsupported` for a key that changes the mathematics
 */
export function parseGpt2Config(json: Readonly<Record<string, unknown>>): Gpt2Config {
  const config = new ConfigReader(json, 'GPT-2');
  config.only('activation_function', ['gelu_new', 'gelu_pytorch_tanh']);
  config.only('scale_attn_weights', [true]);
  config.only('scale_attn_by_inverse_layer_idx', [false]);
  config.ignore(...WITHOUT_EFFECT);
  const hiddenSize = config.whole('n_embd', 768);
  const heads = config.whole('n_head', 12);
  if (hiddenSize % heads !== 0) throw config.contradiction('n_head', `a divisor of n_embd (${hiddenSize})`);
  assertHeadFits(hiddenSize / heads, 'n_embd / n_head');
  const parsed: Gpt2Config = {
    hiddenSize,
    layers: config.whole('n_layer', 12),
    heads,
    headDim: hiddenSize / heads,
    intermediateSize: config.whole('n_inner', 4 * hiddenSize),
    vocabSize: config.whole('vocab_size', 50257),
    layerNormEps: config.number('layer_norm_epsilon', 1e-5),
    maxPositions: config.whole('n_positions', 1024),
    tieWordEmbeddings: config.flag('tie_word_embeddings', true),
  };
  config.close();
  return parsed;
}
