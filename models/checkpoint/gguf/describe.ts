import { WebLoraError } from '../../../src/errors.ts';
import type { GgufMetadataValue } from '../../../src/formats/gguf-write.ts';
import type { DecoderSizes } from '../../families/decoder-config.ts';
import type { Model } from '../../families/family.ts';
import { parseGemma3TextConfig } from '../../families/gemma3_text/config.ts';
import { parseGpt2Config } from '../../families/gpt2/config.ts';
import { parseLlamaConfig } from '../../families/llama/config.ts';
import { parseMistralConfig } from '../../families/mistral/config.ts';
import { parsePhi3Config } from '../../families/phi3/config.ts';
import { parseQwen2Config } from '../../families/qwen2/config.ts';
import { parseQwen3Config } from '../../families/qwen3/config.ts';
import { plainFrequencies, type RopeTable } from '../../families/rope.ts';
import { parseSmolLm3Config } from '../../families/smollm3/config.ts';
import { ggufArchitecture } from './base-names.ts';
import { GEMMA3_27B_LAYERS, GEMMA3_PATTERN, SMOLLM3_NO_ROPE_INTERVAL } from './config.ts';

type Json = Readonly<Record<string, unknown>>;
type Entry = readonly [key: string, value: GgufMetadataValue];

interface NamedValues {
  readonly name: string;
  readonly values: Float32Array;
}

/** A model as llama.cpp wants to be told of it. */
export interface GgufDescription {
  /** `general.architecture` and the architecture's keys. */
  readonly metadata: readonly Entry[];
  /** Vectors that belong to the configuration: factors on the rotary frequencies. */
  readonly ropeTensors: readonly NamedValues[];
  /** What llama.cpp does otherwise, one sentence each. */
  readonly notes: readonly string[];
}

/** What one family adds to what all have; keys without the architecture's prefix. */
interface Own {
  readonly keys: readonly Entry[];
  readonly ropeTensors?: readonly NamedValues[];
  readonly notes?: readonly string[];
}

const u32 = (key: string, value: number): Entry => [key, { type: 'u32', value }];
const f32 = (key: string, value: number): Entry => [key, { type: 'f32', value }];
const text = (key: string, value: string): Entry => [key, { type: 'string', value }];

/** By `model_type`: the inverse of what `config.ts` reads. */
const FAMILIES: Readonly<Record<string, (config: Json) => Own>> = {
  llama: (json) => {
    const config = parseLlamaConfig(json);
    return withRope('llama', decoderKeys(config, config.rope), config.rope, 'rope_freqs.weight');
  },
  mistral: (json) => {
    const config = parseMistralConfig(json);
    const own = withRope('llama', decoderKeys(config, config.rope), config.rope, 'rope_freqs.weight');
    if (config.window === undefined) return own;
    return {
      ...own,
      keys: [...own.keys, u32('attention.sliding_window', config.window)],
      notes: [
        `llama.cpp attends to all tokens where this model sees ${config.window}: longer contexts are answered otherwise`,
      ],
    };
  },
  qwen2: (json) => {
    const config = parseQwen2Config(json);
    refuseWindows('qwen2', config.windows);
    return withRope('qwen2', decoderKeys(config, config.rope), config.rope);
  },
  qwen3: (json) => {
    const config = parseQwen3Config(json);
    refuseWindows('qwen3', config.windows);
    refuse('qwen3', config.attentionBias, 'attention_bias true', 'attention_bias false');
    return withRope('qwen3', decoderKeys(config, config.rope), config.rope);
  },
  gemma3_text: (json) => {
    const config = parseGemma3TextConfig(json);
    const { rope, layerTypes, layers, headDim, heads, hiddenSize, queryPreAttnScalar: scalar } = config;
    const expected = layers === GEMMA3_27B_LAYERS ? hiddenSize / heads : headDim;
    refuse('gemma3', scalar !== expected, `query_pre_attn_scalar ${scalar}`, `${expected}, which it takes for granted`);
    refuse('gemma3', config.attentionBias, 'attention_bias true', 'attention_bias false');
    const full = rope.full_attention;
    const sliding = rope.sliding_attention;
    refuse('gemma3', scalingOf(sliding) !== 1, 'scaled rotary positions of sliding layers', 'none');
    const isUsual = layerTypes.every((type, i) => (type === 'full_attention') === ((i + 1) % GEMMA3_PATTERN === 0));
    const keys: Entry[] = [
      ...decoderKeys(config, full),
      u32('attention.sliding_window', config.window),
      f32('rope.freq_base_swa', sliding.theta),
    ];
    if (!isUsual) {
      const value = layerTypes.map((type) => type === 'sliding_attention');
      keys.push(['attention.sliding_window_pattern', { type: 'array', of: 'bool', value }]);
    }
    return withRope('gemma3', keys, full);
  },
  phi3: (json) => {
    const config = parsePhi3Config(json);
    const { rope, window } = config;
    const original = config.maxPositions;
    const keys: Entry[] = decoderKeys(config, rope).filter(([key]) => key !== 'context_length');
    const stretched = Number(json['max_position_embeddings'] ?? original);
    keys.push(u32('context_length', stretched), u32('rope.scaling.original_context_length', original));
    if (window !== undefined) keys.push(u32('attention.sliding_window', window));
    if (scalingOf(rope) === 1) return { keys };
    keys.push(f32('rope.scaling.attn_factor', rope.attentionFactor));
    const short = Float32Array.from(divisorsOf(rope));
    const { long_factor: long } = (json['rope_scaling'] ?? json['rope_parameters'] ?? {}) as Json;
    return {
      keys,
      ropeTensors: [
        { name: 'rope_factors_short.weight', values: short },
        { name: 'rope_factors_long.weight', values: Array.isArray(long) ? Float32Array.from(long as number[]) : short },
      ],
    };
  },
  smollm3: (json) => {
    const config = parseSmolLm3Config(json);
    refuseWindows('smollm3', config.windows);
    refuse('smollm3', config.attentionBias || config.mlpBias, 'biases', 'none');
    const isUsual = config.rotates.every((rotates, i) => rotates === ((i + 1) % SMOLLM3_NO_ROPE_INTERVAL !== 0));
    refuse('smollm3', !isUsual, 'no_rope_layers of its own', `every ${SMOLLM3_NO_ROPE_INTERVAL}th layer`);
    return withRope('smollm3', decoderKeys(config, config.rope), config.rope);
  },
  gpt2: (json) => {
    const { hiddenSize, layers, heads, intermediateSize, vocabSize, maxPositions, layerNormEps } =
      parseGpt2Config(json);
    return {
      keys: [
        u32('vocab_size', vocabSize),
        u32('context_length', maxPositions),
        u32('embedding_length', hiddenSize),
        u32('block_count', layers),
        u32('feed_forward_length', intermediateSize),
        u32('attention.head_count', heads),
        f32('attention.layer_norm_epsilon', layerNormEps),
      ],
    };
  },
};

/**
 * The metadata of a model's GGUF and the tensors that go with it: what llama.cpp's converter writes.
 * Source: llama.cpp, convert_hf_to_gguf.py and src/llama-model.cpp (`load_hparams`).
 * @throws `unsupported` where llama.cpp's architecture has no key for something the model does
 */
export function describeForGguf({ shape }: Model, config: Json): GgufDescription {
  const describe = FAMILIES[shape.modelType];
  const architecture = ggufArchitecture(shape.modelType);
  if (describe === undefined) throw new WebLoraError('internal', `no GGUF description of ${shape.modelType}`);
  const { keys, ropeTensors = [], notes = [] } = describe(config);
  return {
    metadata: [
      text('general.architecture', architecture),
      ...keys.map(([key, value]) => [`${architecture}.${key}`, value] as const),
    ],
    ropeTensors,
    notes,
  };
}

function decoderKeys(
  config: DecoderSizes & { readonly rmsNormEps: number },
  { theta, inverseFrequencies }: RopeTable,
): Entry[] {
  return [
    u32('vocab_size', config.vocabSize),
    u32('context_length', config.maxPositions),
    u32('embedding_length', config.hiddenSize),
    u32('block_count', config.layers),
    u32('feed_forward_length', config.intermediateSize),
    u32('attention.head_count', config.heads),
    u32('attention.head_count_kv', config.kvHeads),
    u32('attention.key_length', config.headDim),
    u32('attention.value_length', config.headDim),
    f32('attention.layer_norm_rms_epsilon', config.rmsNormEps),
    u32('rope.dimension_count', 2 * inverseFrequencies.length),
    f32('rope.freq_base', theta),
  ];
}

/** @param factors name of the tensor for factors that differ, where the architecture reads one */
function withRope(architecture: string, keys: readonly Entry[], rope: RopeTable, factors?: string): Own {
  const scaling = scalingOf(rope);
  if (scaling === 1) return { keys };
  if (scaling !== undefined)
    return { keys: [...keys, text('rope.scaling.type', 'linear'), f32('rope.scaling.factor', scaling)] };
  refuse(architecture, factors === undefined, 'rotary positions scaled unevenly', 'plain or linear ones');
  return { keys, ropeTensors: [{ name: factors ?? '', values: Float32Array.from(divisorsOf(rope)) }] };
}

/** Plain over scaled frequencies. */
function divisorsOf({ inverseFrequencies, theta }: RopeTable): Float64Array {
  const plain = plainFrequencies(theta, 2 * inverseFrequencies.length);
  return plain.map((frequency, i) => frequency / (inverseFrequencies[i] ?? NaN));
}

/** The one divisor of all frequencies; undefined where they differ. */
function scalingOf(rope: RopeTable): number | undefined {
  const divisors = divisorsOf(rope);
  const [first = 1] = divisors;
  if (divisors.some((each) => Math.abs(each - first) > 1e-9 * first)) return undefined;
  return Math.abs(first - 1) < 1e-9 ? 1 : Math.fround(first);
}

function refuseWindows(architecture: string, windows: readonly (number | undefined)[]): void {
  const window = windows.find((each) => each !== undefined);
  refuse(architecture, window !== undefined, `a sliding window of ${window}`, 'no sliding window');
}

function refuse(architecture: string, does: boolean, got: string, wanted: string): void {
  if (!does) return;
  throw new WebLoraError('unsupported', `GGUF: llama.cpp's ${architecture}`, {
    got: `a model with ${got}`,
    wanted,
    fix: 'export the merged model as a folder of safetensors',
  });
}
