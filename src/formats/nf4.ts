/**
 * NF4 as bitsandbytes computes it (QLoRA, arXiv 2305.14314; bitsandbytes `quantize_4bit` with `compress_statistics`):
 * blocks of 64 over the flattened row-major tensor, each divided by its largest magnitude and rounded to one of 16
 * values; the blocks' magnitudes, less their mean, in blocks of 256 rounded to bitsandbytes' dynamic 8-bit map. All in
 * f32. The mean is the f32 nearest to the exact one: torch's own sum depends on the device.
 */

/** Elements of the flattened tensor that share a magnitude. */
export const NF4_BLOCK = 64;
/** Magnitudes that share a scale of their own. */
const NESTED_BLOCK = 256;

/** What the codes 0 to 15 stand for: quantiles of the normal distribution, scaled to [-1, 1]. */
export const NF4_VALUES = Float32Array.of(
  -1.0,
  -0.6961928009986877,
  -0.5250730514526367,
  -0.39491748809814453,
  -0.28444138169288635,
  -0.18477343022823334,
  -0.09105003625154495,
  0.0,
  0.07958029955625534,
  0.16093020141124725,
  0.24611230194568634,
  0.33791524171829224,
  0.44070982933044434,
  0.5626170039176941,
  0.7229568362236023,
  1.0,
);

/** A value above THRESHOLDS[i] has a code above i. */
const THRESHOLDS = Float32Array.of(
  -0.8480964004993439,
  -0.6106329262256622,
  -0.4599952697753906,
  -0.33967943489551544,
  -0.23460740596055984,
  -0.13791173323988914,
  -0.045525018125772476,
  0.03979014977812767,
  0.1202552504837513,
  0.2035212516784668,
  0.2920137718319893,
  0.3893125355243683,
  0.5016634166240692,
  0.6427869200706482,
  0.8614784181118011,
);

/** Bins of [-1, 1] so narrow that none has two thresholds: codes below each bin, and the threshold within. */
const BINS = 1024;
const CODE_OF_BIN = new Uint8Array(2 * BINS + 1);
const THRESHOLD_OF_BIN = new Float32Array(2 * BINS + 1).fill(Infinity);
for (const threshold of THRESHOLDS) {
  const bin = binOf(threshold);
  THRESHOLD_OF_BIN[bin] = threshold;
  for (let above = bin + 1; above < CODE_OF_BIN.length; above++) CODE_OF_BIN[above] = (CODE_OF_BIN[above] ?? 0) + 1;
}

/** NaN is in bin 0. */
function binOf(value: number): number {
  return ((Math.min(value, 1) + 1) * BINS) | 0;
}

/** The code of a value in [-1, 1]. NaN, a zero block's 0 · 1/0, has code 0, as in bitsandbytes. */
export function nf4Code(value: number): number {
  const bin = binOf(value);
  const code = CODE_OF_BIN[bin] ?? 0;
  return value > (THRESHOLD_OF_BIN[bin] ?? Infinity) ? code + 1 : code;
}

/**
 * Magnitudes rounded to 8 bits and back: what the codes are multiplied with.
 * @param magnitudes f32, one a block
 */
export function roundMagnitudes(magnitudes: Float32Array): Float32Array<ArrayBuffer> {
  const count = magnitudes.length;
  let sum = 0;
  for (const magnitude of magnitudes) sum += magnitude;
  const mean = Math.fround(sum / Math.max(1, count));
  const rest = Float32Array.from(magnitudes, (magnitude) => magnitude - mean);
  const rounded = new Float32Array(count);
  for (let begin = 0; begin < count; begin += NESTED_BLOCK) {
    const block = rest.subarray(begin, begin + NESTED_BLOCK);
    let largest = 0;
    for (const value of block) largest = Math.max(largest, Math.abs(value));
    const inverse = Math.fround(1 / largest);
    for (let i = 0; i < block.length; i++) {
      const code = dynamicCode(Math.fround((block[i] ?? 0) * inverse));
      rounded[begin + i] = Math.fround((dynamicMap()[code] ?? 0) * largest) + mean;
    }
  }
  return rounded;
}

let dynamicValues: Float32Array<ArrayBuffer> | undefined;

/**
 * bitsandbytes' dynamic 8-bit map, ascending: 0, 1 and, for each of seven powers of ten, the midpoints between equal
 * steps from 0.1 to 1, twice as many from power to power, with both signs.
 */
export function dynamicMap(): Float32Array<ArrayBuffer> {
  if (dynamicValues !== undefined) return dynamicValues;
  const values = [0, 1];
  const first = Math.fround(0.1);
  for (let exponent = 0; exponent < 7; exponent++) {
    const steps = 2 ** exponent;
    const step = Math.fround(Math.fround(1 - first) / steps);
    // torch.linspace counts from the nearer end, with one rounding a point.
    const boundary = (i: number): number => Math.fround(2 * i < steps + 1 ? first + step * i : 1 - step * (steps - i));
    const scale = Math.fround(10 ** (exponent - 6));
    for (let i = 0; i < steps; i++) {
      const middle = Math.fround(Math.fround(boundary(i) + boundary(i + 1)) / 2);
      values.push(middle * scale, -middle * scale);
    }
  }
  dynamicValues = Float32Array.from(values).sort();
  return dynamicValues;
}

/** The nearest entry of the map; of two equally near the one with the even index, as bitsandbytes' search ends. */
function dynamicCode(value: number): number {
  const map = dynamicMap();
  if (!(value > (map[0] ?? 0))) return 0; // NaN too
  let below = 0;
  let above = map.length - 1;
  while (above - below > 1) {
    const middle = (below + above) >> 1;
    if (value > (map[middle] ?? 0)) below = middle;
    else above = middle;
  }
  const half = Math.fround((map[below] ?? 0) + (map[above] ?? 0)) * 0.5;
  if (value === half) return below % 2 === 0 ? below : above;
  return value > half ? above : below;
}

/**
 * Words of `scales` in a row: the f32 magnitudes of the blocks the row has a part in. Where rows are not whole blocks,
 * a word before them counts the elements of the row's first block that lie before the row, and all rows have as many
 * words as the one that touches most blocks.
 */
export function nf4ScaleWords(cols: number): number {
  return cols % NF4_BLOCK === 0 ? cols / NF4_BLOCK : 1 + Math.floor((cols + NF4_BLOCK - 2) / NF4_BLOCK) + 1;
}

/** Scale words of all rows from the magnitudes of the flattened tensor's blocks. */
export function nf4Scales(rows: number, cols: number, magnitudes: Float32Array): Uint32Array<ArrayBuffer> {
  const bits = new Uint32Array(magnitudes.buffer, magnitudes.byteOffset, magnitudes.length);
  if (cols % NF4_BLOCK === 0) return bits.slice();
  const words = nf4ScaleWords(cols);
  const scales = new Uint32Array(rows * words);
  for (let row = 0; row < rows; row++) {
    const first = Math.floor((row * cols) / NF4_BLOCK);
    scales[row * words] = (row * cols) % NF4_BLOCK;
    scales.set(bits.subarray(first, first + words - 1), row * words + 1);
  }
  return scales;
}

/** One row's values from its codes and scale words. */
export function unpackNf4Row(codes: Uint32Array, scales: Uint32Array, values: Float32Array): void {
  const whole = values.length % NF4_BLOCK === 0;
  const before = whole ? 0 : (scales[0] ?? 0);
  const magnitudes = new Float32Array(
    scales.buffer,
    scales.byteOffset + (whole ? 0 : 4),
    scales.length - (whole ? 0 : 1),
  );
  for (let col = 0; col < values.length; col++) {
    const code = ((codes[col >> 3] ?? 0) >>> ((col & 7) * 4)) & 15;
    values[col] = (NF4_VALUES[code] ?? 0) * (magnitudes[Math.floor((col + before) / NF4_BLOCK)] ?? 0);
  }
}
