/**
 * The quantised layouts in f64 and plain arrays, written from their definition (GGML's Q8_0 and Q4_1) and from nothing
 * in quantize.ts: the oracle of its tests and of every kernel that reads packed weights.
 */

export interface QuantizedGroupRef {
  /** Before it is stored as f16, but rounded to f32, because that is what the codes are computed with. */
  readonly d: number;
  /** The group's minimum; 0 in q8. */
  readonly m: number;
  /** (w - m) / d without rounding; 0 where d is 0. */
  readonly ratios: readonly number[];
}

/** Scale and exact ratios of one group of at most 32 values. */
export function quantizeGroupRef(values: readonly number[], format: 'q8' | 'q4'): QuantizedGroupRef {
  const m = format === 'q4' ? Math.min(...values) : 0;
  const range = format === 'q4' ? Math.max(...values) - m : Math.max(...values.map(Math.abs));
  const d = Math.fround(range / (format === 'q4' ? 15 : 127));
  return { d, m, ratios: values.map((value) => (d === 0 ? 0 : (value - m) / d)) };
}

/** The nearest half, ties to even, by arithmetic instead of bits; magnitudes from 65520 on become infinite. */
export function roundToHalfRef(value: number): number {
  if (value === 0 || Number.isNaN(value)) return value;
  const magnitude = Math.abs(value);
  if (magnitude >= 65520) return Math.sign(value) * Infinity;
  const exponent = Math.max(-14, Math.floor(Math.log2(magnitude)));
  const step = 2 ** (exponent - 10);
  const floor = Math.floor(magnitude / step);
  const rest = magnitude / step - floor;
  const up = rest > 0.5 || (rest === 0.5 && floor % 2 === 1);
  return Math.sign(value) * (floor + (up ? 1 : 0)) * step;
}

/** One code of a packed row: a byte in -128..127 for q8, a nibble in 0..15 for q4. `row` are the row's words. */
export function readCodeRef(row: Uint32Array, col: number, format: 'q8' | 'q4'): number {
  const bytes = new Uint8Array(row.slice().buffer); // little-endian hosts only, as everywhere in WebGPU
  if (format === 'q8') {
    const byte = bytes[col] ?? NaN;
    return byte > 127 ? byte - 256 : byte;
  }
  const byte = bytes[Math.floor(col / 2)] ?? NaN;
  return col % 2 === 0 ? byte % 16 : Math.floor(byte / 16);
}
