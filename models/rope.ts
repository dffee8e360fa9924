/**
 * Rotary tables for positions 0 to maxPositions-1, computed in f64 and rounded once: software and mobile GPUs have
 * sine and cosine that are off by 1e-4. Su et al. 2021, arXiv:2104.09864.
 * @returns cos and sin, each [maxPositions, inverseFrequencies.length] f32
 */
export function rotaryTables(
  inverseFrequencies: Float64Array,
  maxPositions: number,
): { cos: Float32Array; sin: Float32Array } {
  const pairs = inverseFrequencies.length;
  const cos = new Float32Array(maxPositions * pairs);
  const sin = new Float32Array(maxPositions * pairs);
  for (let position = 0; position < maxPositions; position += 1) {
    inverseFrequencies.forEach((frequency, pair) => {
      cos[position * pairs + pair] = Math.cos(position * frequency);
      sin[position * pairs + pair] = Math.sin(position * frequency);
    });
  }
  return { cos, sin };
}
