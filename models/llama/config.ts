import { WebLoraError } from '../../src/errors.ts';

/** Llama as `config.json` describes it, in camelCase; closed: what is not here is not computed. */
export interface LlamaConfig {
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly intermediateSize: number;
  readonly vocabSize: number;
  readonly rmsNormEps: number;
  readonly ropeTheta: number;
  readonly maxPositions: number;
  readonly tieWordEmbeddings: boolean;
  readonly attentionBias: boolean;
  readonly mlpBias: boolean;
}

/** Keys that do not change what is computed here. */
const IGNORED = new Set([
  '_name_or_path',
  'architectures',
  'attention_dropout', // 0 at inference and in LoRA training of transformers' evaluation-mode base
  'bos_token_id',
  'eos_token_id',
  'pad_token_id',
  'unk_token_id',
  'dtype',
  'torch_dtype',
  'initializer_range',
  'model_type',
  'name_or_path',
  'pretraining_tp',
  'transformers_version',
  'use_cache',
  'output_attentions',
  'output_hidden_states',
  'return_dict',
]);

/**
 * Parses a Llama `config.json`.
 * @throws `bad-model` for a missing or contradicting value, `unsupported` for a key that changes the mathematics
 */
export function parseLlamaConfig(json: Readonly<Record<string, unknown>>): LlamaConfig {
  const used = new Set<string>();
  const number = (key: string, fallback?: number): number => {
    used.add(key);
    const value = json[key] ?? fallback;
    if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) {
      throw new WebLoraError('bad-model', `config.json: ${key}`, {
        got: JSON.stringify(json[key]) ?? 'nothing',
        wanted: 'a number over 0',
        fix: 'check that the folder holds a Llama model',
      });
    }
    return value;
  };
  const whole = (key: string, fallback?: number): number => {
    const value = number(key, fallback);
    if (!Number.isInteger(value))
      throw new WebLoraError('bad-model', `config.json: ${key}`, { got: value, wanted: 'a whole number' });
    return value;
  };
  const flag = (key: string, fallback: boolean): boolean => {
    used.add(key);
    const value = json[key] ?? fallback;
    if (typeof value !== 'boolean')
      throw new WebLoraError('bad-model', `config.json: ${key}`, {
        got: JSON.stringify(value),
        wanted: 'true or false',
      });
    return value;
  };
  const only = (key: string, allowed: readonly unknown[]): void => {
    used.add(key);
    const value = json[key];
    if (value !== undefined && !allowed.includes(value)) {
      throw new WebLoraError('unsupported', `config.json: ${key}`, {
        got: JSON.stringify(value),
        wanted: allowed.map((v) => JSON.stringify(v)).join(' or '),
        fix: 'choose a model without this feature',
      });
    }
  };
  only('hidden_act', ['silu', 'swish']);
  only('rope_scaling', [null]);
  only('sliding_window', [null]);
  const heads = whole('num_attention_heads');
  const hiddenSize = whole('hidden_size');
  const config: LlamaConfig = {
    hiddenSize,
    layers: whole('num_hidden_layers'),
    heads,
    kvHeads: whole('num_key_value_heads', heads),
    headDim: whole('head_dim', hiddenSize / heads),
    intermediateSize: whole('intermediate_size'),
    vocabSize: whole('vocab_size'),
    rmsNormEps: number('rms_norm_eps', 1e-6),
    ropeTheta: ropeTheta(json, used, number),
    maxPositions: whole('max_position_embeddings', 2048),
    tieWordEmbeddings: flag('tie_word_embeddings', false),
    attentionBias: flag('attention_bias', false),
    mlpBias: flag('mlp_bias', false),
  };
  if (config.heads % config.kvHeads !== 0) {
    throw new WebLoraError('bad-model', 'config.json: num_key_value_heads', {
      got: config.kvHeads,
      wanted: `a divisor of num_attention_heads (${config.heads})`,
    });
  }
  if (config.headDim % 2 !== 0)
    throw new WebLoraError('bad-model', 'config.json: head_dim', { got: config.headDim, wanted: 'an even number' });
  for (const key of Object.keys(json)) {
    if (!used.has(key) && !IGNORED.has(key)) {
      throw new WebLoraError('unsupported', `config.json: unknown key '${key}'`, {
        got: JSON.stringify(json[key]),
        wanted: 'only keys of a Llama model',
        fix: 'the model may compute something WebLoRA does not; choose a Llama model',
      });
    }
  }
  return config;
}

/** transformers 5 nests theta in `rope_parameters`; older files have `rope_theta` at the top. */
function ropeTheta(
  json: Readonly<Record<string, unknown>>,
  used: Set<string>,
  number: (key: string, fallback?: number) => number,
): number {
  used.add('rope_parameters');
  const nested = json['rope_parameters'];
  if (nested === undefined || nested === null) return number('rope_theta', 10000);
  used.add('rope_theta');
  const { rope_theta: theta, rope_type: type } = nested as { rope_theta?: unknown; rope_type?: unknown };
  if (type !== undefined && type !== 'default') {
    throw new WebLoraError('unsupported', 'config.json: rope_parameters.rope_type', {
      got: JSON.stringify(type),
      wanted: '"default"',
    });
  }
  if (typeof theta !== 'number' || !(theta > 0))
    throw new WebLoraError('bad-model', 'config.json: rope_parameters.rope_theta', {
      got: JSON.stringify(theta),
      wanted: 'a number over 0',
    });
  return theta;
}
