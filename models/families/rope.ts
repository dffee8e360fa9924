/** Rotary positions of one kind of layer, complete: every scaling is only another list of frequencies. */
export interface RopeTable {
  /** Rotation angle of a position per pair of dimensions; its length is half of the rotated dimensions. */
  readonly inverseFrequencies: Float64Array;
  /** Base that the frequencies had before any scaling. */
  readonly theta: number;
  /** Factor on both tables, 1 but for LongRoPE. */
  readonly attentionFactor: number;
  /** Positions that it is right for; left out: any. */
  readonly maxPositions?: number;
}

/** Su et al. 2021, arXiv:2104.09864: theta^(-2i / rotaryDim). */
export function plainFrequencies(theta: number, rotaryDim: number): Float64Array {
  return Float64Array.from({ length: rotaryDim / 2 }, (_, i) => theta ** ((-2 * i) / rotaryDim));
}

/**
 * Llama 3.1's scaling: long waves are slowed by `factor`, short ones kept, those between blended.
 * Source: transformers, src/transformers/modeling_rope_utils.py, _compute_llama3_parameters.
 */
export function llama3Frequencies(
  plain: Float64Array,
  scaling: {
    readonly factor: number;
    readonly lowFreqFactor: number;
    readonly highFreqFactor: number;
    readonly originalMaxPositions: number;
  },
): Float64Array {
  const { factor, lowFreqFactor, highFreqFactor, originalMaxPositions } = scaling;
  return plain.map((frequency) => {
    const waves = (originalMaxPositions * frequency) / (2 * Math.PI); // full turns within the original context
    if (waves < lowFreqFactor) return frequency / factor;
    if (waves > highFreqFactor) return frequency;
    const kept = (waves - lowFreqFactor) / (highFreqFactor - lowFreqFactor);
    return (1 - kept) * (frequency / factor) + kept * frequency;
  });
}

/**
 * Rotary tables for positions 0 to maxPositions-1, computed in f64 and rounded once: software and mobile GPUs have
 * sine and cosine that are off by 1e-4.
 * @returns cos and sin, each [maxPositions, inverseFrequencies.length] f32
 */
export function rotaryTables(
  { inverseFrequencies, attentionFactor }: RopeTable,
  maxPositions: number,
): { cos: Float32Array; sin: Float32Array } {
  const pairs = inverseFrequencies.length;
  const cos = new Float32Array(maxPositions * pairs);
  const sin = new Float32Array(maxPositions * pairs);
  for (let position = 0; position < maxPositions; position += 1) {
    inverseFrequencies.forEach((frequency, pair) => {
      cos[position * pairs + pair] = attentionFactor * Math.cos(position * frequency);
      sin[position * pairs + pair] = attentionFactor * Math.sin(position * frequency);
    });
  }
  return { cos, sin };
}
