import { WebLoraError } from '../../../src/errors.ts';
import type { GgufFile } from '../../../src/formats/gguf.ts';
import { llama3Frequencies, plainFrequencies } from '../../families/rope.ts';
import { ArchitectureKeys, shortestDecimal } from './metadata.ts';

type Json = Record<string, unknown>;

/** Small tensors that belong to the configuration: factors on the rotary frequencies. */
export interface RopeTensors {
  /** `rope_freqs.weight`: Llama 3's divisors of the frequencies. */
  readonly freqs?: Float32Array;
  /** `rope_factors_short.weight` and `rope_factors_long.weight` of LongRoPE. */
  readonly short?: Float32Array;
  readonly long?: Float32Array;
}

/** What a family's configuration is made from. */
interface Facts {
  readonly keys: ArchitectureKeys;
  readonly fileName: string;
  readonly has: (tensor: string) => boolean;
  readonly rope: RopeTensors;
  readonly vocabSize: number;
  /** Whether the head is a matrix of its own: as in llama.cpp, a file without one has the embedding as its head. */
  readonly hasOwnHead: boolean;
}

/** `general.architecture` to the config.json that transformers would have beside the same weights. */
const ARCHITECTURES: Readonly<Record<string, (facts: Facts) => Json>> = {
  llama: llamaConfig,
  qwen2: (facts) => ({
    model_type: 'qwen2',
    ...decoderConfig(facts),
    ...ropeConfig(facts),
    hidden_act: 'silu',
    use_sliding_window: false,
  }),
  qwen3: (facts) => ({
    model_type: 'qwen3',
    ...decoderConfig(facts),
    ...ropeConfig(facts),
    hidden_act: 'silu',
    attention_bias: false,
    use_sliding_window: false,
  }),
  gemma3: gemma3Config,
  phi3: phi3Config,
  smollm3: smollm3Config,
  gpt2: gpt2Config,
};

/** The architectures that are read, for messages. */
export const ARCHITECTURE_LIST = Object.keys(ARCHITECTURES).join(', ');

/**
 * The configuration of a GGUF's metadata in transformers' spelling, to be parsed by the model's family.
 * Source of the keys: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md and llama.cpp's convert_hf_to_gguf.py.
 * @throws `unsupported` for an architecture or a key that is not computed, `bad-model` for a missing or wrong one
 */
export function ggufConfig(file: GgufFile, rope: RopeTensors, hasOwnHead: boolean): Json {
  const architecture = file.metadata.get('general.architecture');
  const make = typeof architecture === 'string' ? ARCHITECTURES[architecture] : undefined;
  if (typeof architecture !== 'string' || make === undefined) {
    throw new WebLoraError('unsupported', `${file.name}: general.architecture`, {
      got: architecture === undefined ? 'no such key' : JSON.stringify(architecture),
      wanted: ARCHITECTURE_LIST,
      fix: 'choose a model of one of these',
    });
  }
  const embedding = file.tensors.get('token_embd.weight');
  if (embedding === undefined) {
    throw new WebLoraError('bad-model', `${file.name}: tensor token_embd.weight`, {
      got: file.tensors.size === 0 ? 'a file without tensors' : 'nothing',
      wanted: 'the embedding of a model',
      fix: 'choose a file with the whole model, not only its vocabulary, adapter or projector',
    });
  }
  const keys = new ArchitectureKeys(file.metadata, architecture, file.name);
  const config = make({
    keys,
    rope,
    fileName: file.name,
    has: (tensor) => file.tensors.has(tensor),
    vocabSize: embedding.shape[0] ?? 0,
    hasOwnHead,
  });
  for (const key of ['expert_count', 'expert_used_count']) keys.only(key, 0);
  keys.only('attention.causal', true);
  keys.close();
  return config;
}

/** What every decoder with RMSNorm and a gated feed-forward has. */
function decoderConfig(facts: Facts): Json {
  const { keys, vocabSize, hasOwnHead } = facts;
  const heads = keys.number('attention.head_count');
  return {
    vocab_size: vocabSize,
    hidden_size: keys.number('embedding_length'),
    intermediate_size: keys.number('feed_forward_length'),
    num_hidden_layers: keys.number('block_count'),
    num_attention_heads: heads,
    num_key_value_heads: keys.number('attention.head_count_kv', heads),
    head_dim: headDim(facts),
    max_position_embeddings: keys.number('context_length'),
    rms_norm_eps: keys.number('attention.layer_norm_rms_epsilon'),
    tie_word_embeddings: !hasOwnHead,
  };
}

function headDim({ keys }: Facts): number {
  const size =
    keys.optionalNumber('attention.key_length') ??
    keys.number('embedding_length') / keys.number('attention.head_count');
  keys.only('attention.value_length', size);
  return size;
}

/** rope_theta and rope_scaling, where all dimensions of a head are rotated. */
function ropeConfig(facts: Facts): Json {
  const { keys } = facts;
  const size = headDim(facts);
  keys.only('rope.dimension_count', size);
  const theta = keys.number('rope.freq_base', 10000);
  return { rope_theta: theta, ...scalingConfig(facts, theta, size) };
}

function scalingConfig({ keys, rope, fileName }: Facts, theta: number, rotaryDim: number): Json {
  const type = keys.optionalText('rope.scaling.type') ?? 'none';
  const factor = keys.optionalNumber('rope.scaling.factor') ?? keys.optionalNumber('rope.scale_linear') ?? 1;
  keys.optionalNumber('rope.scaling.original_context_length'); // what Llama 3 and linear scaling need is in the factors
  if (type === 'linear' && factor !== 1) return { rope_scaling: { rope_type: 'linear', factor } };
  if (type !== 'none' && type !== 'linear') {
    throw new WebLoraError('unsupported', `${fileName}: ${keys.architecture}.rope.scaling.type`, {
      got: JSON.stringify(type),
      wanted: 'none or linear',
      fix: 'choose a file of the model without this context extension',
    });
  }
  return rope.freqs === undefined ? {} : llama3Scaling(rope.freqs, theta, rotaryDim, fileName);
}

/** The settings that all of Llama 3.1, 3.2 and 3.3 were published with; only the factor differs. */
const LLAMA3 = { lowFreqFactor: 1, highFreqFactor: 4, originalMaxPositions: 8192 };

/** The file has the divisor of each frequency; the settings they came from are found again and held to them. */
function llama3Scaling(divisors: Float32Array, theta: number, rotaryDim: number, fileName: string): Json {
  const factor = shortestDecimal(divisors.reduce((most, each) => Math.max(most, each), 1));
  if (factor === 1) return {};
  const plain = plainFrequencies(theta, rotaryDim);
  const scaled = llama3Frequencies(plain, { ...LLAMA3, factor });
  const same = plain.every((frequency, i) => {
    const divisor = frequency / (scaled[i] ?? NaN);
    return Math.abs((divisors[i] ?? NaN) - divisor) <= 1e-5 * divisor;
  });
  if (divisors.length !== plain.length || !same) {
    throw new WebLoraError('unsupported', `${fileName}: rope_freqs.weight`, {
      got: 'factors other than those of Llama 3.1, 3.2 and 3.3',
      wanted: `a scaling with low_freq_factor 1, high_freq_factor 4 and 8192 original positions`,
      fix: 'use the model’s folder with config.json and safetensors',
    });
  }
  return {
    rope_scaling: {
      rope_type: 'llama3',
      factor,
      low_freq_factor: LLAMA3.lowFreqFactor,
      high_freq_factor: LLAMA3.highFreqFactor,
      original_max_position_embeddings: LLAMA3.originalMaxPositions,
    },
  };
}

/** Mistral comes under `llama` too; its sliding window, where the file has it, tells. */
function llamaConfig(facts: Facts): Json {
  const { keys, has } = facts;
  const window = keys.optionalNumber('attention.sliding_window') ?? 0;
  return {
    ...(window > 0 ? { model_type: 'mistral', sliding_window: window } : { model_type: 'llama' }),
    ...decoderConfig(facts),
    ...ropeConfig(facts),
    hidden_act: 'silu',
    ...(window === 0 && {
      attention_bias: has('blk.0.attn_q.bias'),
      mlp_bias: has('blk.0.ffn_gate.bias'),
    }),
  };
}

/** Layers between two with global attention, plus one. The file has it only when it differs. */
export const GEMMA3_PATTERN = 6;
/** Gemma 3 27B alone scales queries by hidden size over heads; the file does not say so, its depth does. */
export const GEMMA3_27B_LAYERS = 62;

function gemma3Config(facts: Facts): Json {
  const { keys } = facts;
  const shape = decoderConfig(facts);
  const size = headDim(facts);
  const layers = keys.number('block_count');
  const flags = keys.optionalFlags('attention.sliding_window_pattern');
  const pattern = flags === undefined ? keys.number('attention.sliding_window_pattern', GEMMA3_PATTERN) : 0;
  const types = Array.from({ length: layers }, (_, layer) =>
    (flags === undefined ? (layer + 1) % pattern !== 0 : flags[layer] === true)
      ? 'sliding_attention'
      : 'full_attention',
  );
  const scalar =
    layers === GEMMA3_27B_LAYERS ? keys.number('embedding_length') / keys.number('attention.head_count') : size;
  const softcap = keys.optionalNumber('final_logit_softcapping');
  return {
    model_type: 'gemma3_text',
    ...shape,
    ...ropeConfigOfGemma(facts, size),
    hidden_activation: 'gelu_pytorch_tanh',
    attention_bias: false,
    query_pre_attn_scalar: scalar,
    sliding_window: keys.number('attention.sliding_window'),
    layer_types: types,
    ...(softcap !== undefined && softcap > 0 && { final_logit_softcapping: softcap }),
  };
}

function ropeConfigOfGemma(facts: Facts, size: number): Json {
  const { keys } = facts;
  keys.only('rope.dimension_count', size);
  const theta = keys.number('rope.freq_base', 1e6);
  return {
    rope_theta: theta,
    rope_local_base_freq: keys.number('rope.freq_base_swa', 10000),
    ...scalingConfig(facts, theta, size),
  };
}

function phi3Config(facts: Facts): Json {
  const { keys, rope } = facts;
  const shape = decoderConfig(facts);
  const size = headDim(facts);
  const rotated = keys.number('rope.dimension_count', size);
  const original = keys.number('rope.scaling.original_context_length', keys.number('context_length'));
  const window = keys.optionalNumber('attention.sliding_window') ?? 0;
  keys.only('rope.scaling.type', 'none', 'longrope');
  // transformers computes it from the two context lengths, as the file's writer did.
  keys.optionalNumber('rope.scaling.attn_factor');
  const list = (factors: Float32Array): number[] => Array.from(factors, shortestDecimal);
  return {
    model_type: 'phi3',
    ...shape,
    rope_theta: keys.number('rope.freq_base', 10000),
    original_max_position_embeddings: original,
    hidden_act: 'silu',
    ...(rotated !== size && { partial_rotary_factor: rotated / size }),
    ...(window > 0 && { sliding_window: window }),
    ...(rope.short !== undefined && {
      rope_scaling: {
        type: 'longrope',
        short_factor: list(rope.short),
        long_factor: list(rope.long ?? rope.short),
      },
    }),
  };
}

/** Every fourth layer has no rotary positions; the file does not say so, every SmolLM3 has it. */
export const SMOLLM3_NO_ROPE_INTERVAL = 4;

function smollm3Config(facts: Facts): Json {
  const { keys } = facts;
  return {
    model_type: 'smollm3',
    ...decoderConfig(facts),
    ...ropeConfig(facts),
    hidden_act: 'silu',
    attention_bias: false,
    mlp_bias: false,
    use_sliding_window: false,
    no_rope_layers: Array.from({ length: keys.number('block_count') }, (_, layer) =>
      (layer + 1) % SMOLLM3_NO_ROPE_INTERVAL === 0 ? 0 : 1,
    ),
  };
}

function gpt2Config({ keys, vocabSize, hasOwnHead }: Facts): Json {
  const size = keys.number('embedding_length');
  const heads = keys.number('attention.head_count');
  keys.only('attention.head_count_kv', heads);
  return {
    model_type: 'gpt2',
    vocab_size: vocabSize,
    n_embd: size,
    n_inner: keys.number('feed_forward_length', 4 * size),
    n_layer: keys.number('block_count'),
    n_head: heads,
    n_positions: keys.number('context_length'),
    layer_norm_epsilon: keys.number('attention.layer_norm_epsilon'),
    activation_function: 'gelu_new',
    tie_word_embeddings: !hasOwnHead,
  };
}
