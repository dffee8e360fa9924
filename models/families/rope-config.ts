import type { ConfigReader } from './config-reader.ts';
import { llama3Frequencies, plainFrequencies, type RopeTable } from './rope.ts';

export interface RopeDefaults {
  readonly headDim: number;
  /** Share of a head's dimensions that is rotated; default all. */
  readonly partial?: number;
  /** Base of the frequencies where the file does not say. */
  readonly theta: number;
}

/** LongRoPE's two contexts: what the model was made for, and what it was stretched to. */
export interface LongContext {
  readonly originalMaxPositions: number;
  readonly maxPositions: number;
}

/**
 * Rotary positions from either spelling: `rope_theta` and `rope_scaling` at the top, or transformers 5's
 * `rope_parameters` that holds all of it. Types default, linear and llama3; longrope (its short factors) with `long`.
 * @throws `unsupported` for another type, `bad-model` for a missing or contradicting value
 */
export function readRope(config: ConfigReader, defaults: RopeDefaults, long?: LongContext): RopeTable {
  const theta = config.number('rope_theta', defaults.theta);
  const parameters = config.nested('rope_parameters');
  const scaling = config.nested('rope_scaling');
  if (parameters !== undefined && scaling !== undefined)
    throw config.contradiction('rope_scaling', 'either rope_scaling or rope_parameters, not both');
  const nested = parameters ?? scaling;
  if (nested === undefined) return plainRope({ ...defaults, theta });
  return readRopeParameters(nested, { ...defaults, theta }, long);
}

/** Rotary positions without scaling. */
export function plainRope(settings: RopeDefaults): RopeTable {
  const { theta } = settings;
  return { inverseFrequencies: frequenciesOf(theta, settings), theta, attentionFactor: 1 };
}

/** One `rope_parameters` or `rope_scaling` object; closes it. */
export function readRopeParameters(rope: ConfigReader, defaults: RopeDefaults, long?: LongContext): RopeTable {
  const theta = rope.number('rope_theta', defaults.theta);
  rope.only('partial_rotary_factor', [null, defaults.partial ?? 1]);
  const table = readScaling(rope, frequenciesOf(theta, defaults), long);
  rope.close();
  return { ...table, theta };
}

function frequenciesOf(theta: number, { headDim, partial = 1 }: RopeDefaults): Float64Array {
  return plainFrequencies(theta, Math.floor(headDim * partial));
}

type Scaled = Omit<RopeTable, 'theta'>;

function readScaling(rope: ConfigReader, plain: Float64Array, long: LongContext | undefined): Scaled {
  const types = ['default', 'linear', 'llama3', ...(long === undefined ? [] : (['longrope', 'su'] as const))] as const;
  // Files of before transformers 4.43 say `type`; some say both.
  const type = rope.choice(rope.has('rope_type') ? 'rope_type' : 'type', types, 'default');
  rope.ignore('type');
  switch (type) {
    case 'default':
      rope.ignore('original_max_position_embeddings');
      return { inverseFrequencies: plain, attentionFactor: 1 };
    case 'linear': {
      rope.ignore('original_max_position_embeddings');
      const factor = rope.number('factor');
      return { inverseFrequencies: plain.map((frequency) => frequency / factor), attentionFactor: 1 };
    }
    case 'llama3': {
      const scaling = {
        factor: rope.number('factor'),
        lowFreqFactor: rope.number('low_freq_factor'),
        highFreqFactor: rope.number('high_freq_factor'),
        originalMaxPositions: rope.whole('original_max_position_embeddings'),
      };
      if (scaling.highFreqFactor <= scaling.lowFreqFactor)
        throw rope.contradiction('high_freq_factor', `more than low_freq_factor (${scaling.lowFreqFactor})`);
      return { inverseFrequencies: llama3Frequencies(plain, scaling), attentionFactor: 1 };
    }
    case 'longrope':
    case 'su':
      if (long === undefined) throw rope.unsupported('rope_type', 'default, linear or llama3');
      return longRope(rope, plain, long);
    default:
      return type satisfies never;
  }
}

/**
 * Ding et al. 2024, arXiv:2402.13753, with the short factors: right for every position of the original context, which
 * is therefore the longest the caller may offer.
 * Source of the attention factor: transformers, src/transformers/modeling_rope_utils.py, _compute_longrope_parameters.
 */
function longRope(rope: ConfigReader, plain: Float64Array, long: LongContext): Scaled {
  const isFactor = (value: unknown): value is number => typeof value === 'number' && value > 0;
  const short = rope.list('short_factor', plain.length, isFactor, 'a number over 0');
  if (short === undefined) throw rope.contradiction('short_factor', `${plain.length} numbers`);
  rope.ignore('long_factor', 'factor', 'original_max_position_embeddings');
  const stretch = long.maxPositions / long.originalMaxPositions;
  const usual = stretch <= 1 ? 1 : Math.sqrt(1 + Math.log(stretch) / Math.log(long.originalMaxPositions));
  return {
    inverseFrequencies: plain.map((frequency, i) => frequency / (short[i] ?? 1)),
    attentionFactor: rope.number('attention_factor', usual),
    maxPositions: long.originalMaxPositions,
  };
}
