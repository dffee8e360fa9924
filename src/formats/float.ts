/**
 * 16-bit floats as bit patterns. Rounding is to nearest, ties to even, as IEEE 754 and every GPU conversion do.
 * Subnormal halves are preserved: quantisation scales of small weights live there.
 */

/** Largest finite half. Magnitudes from F16_OVERFLOW on round to infinity. */
export const F16_MAX = 65504;
/** Half a step above F16_MAX: the first magnitude that rounds to infinity. */
export const F16_OVERFLOW = 65520;
/** Largest finite bf16. */
export const BF16_MAX = 3.3895313892515355e38;

const scratchF32 = new Float32Array(1);
const scratchU32 = new Uint32Array(scratchF32.buffer);

function bitsOfF32(value: number): number {
  scratchF32[0] = value;
  return scratchU32[0] ?? 0;
}

/** The value of a half, exact. */
export function f16ToF32(bits: number): number {
  const isNotFinite = (bits & 0x7c00) === 0x7c00;
  // The half's bits read as f32 are too small by the difference of the biases, 127 - 15; subnormals come out right too.
  scratchU32[0] = ((bits & 0x7fff) << 13) | (isNotFinite ? 0x7f800000 : 0);
  const magnitude = (scratchF32[0] ?? 0) * 2 ** 112;
  return bits & 0x8000 ? -magnitude : magnitude;
}

/**
 * The half nearest to `value` (first rounded to f32). A finite value can become infinite: see {@link isF16Overflow}.
 * NaN becomes the quiet NaN 0x7e00 with its sign preserved.
 */
export function f32ToF16(value: number): number {
  return f32BitsToF16(bitsOfF32(value));
}

function f32BitsToF16(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // F16_OVERFLOW
  if (magnitude >= 0x38800000) {
    // A normal half: re-bias the exponent (127 to 15), round away 13 bits; a carry may run into the exponent, as it should.
    return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
  }
  if (magnitude <= 0x33000000) return sign; // up to 2^-25, the tie between 0 and the smallest subnormal
  const shift = 126 - (magnitude >>> 23);
  const significand = (magnitude & 0x7fffff) | 0x800000;
  const floor = significand >>> shift;
  const rest = significand & ((1 << shift) - 1);
  const tie = 1 << (shift - 1);
  return sign | (floor + (rest > tie || (rest === tie && (floor & 1) === 1) ? 1 : 0));
}

/** True where a half cannot hold the magnitude (infinities included, NaN not). */
export function isF16Overflow(value: number): boolean {
  return Math.abs(value) >= F16_OVERFLOW;
}

/** The value of a bf16, exact. */
export function bf16ToF32(bits: number): number {
  scratchU32[0] = bits << 16;
  return scratchF32[0] ?? 0;
}

/** The bf16 nearest to `value` (first rounded to f32). NaN becomes 0x7fc0 with its sign preserved. */
export function f32ToBf16(value: number): number {
  return f32BitsToBf16(bitsOfF32(value));
}

function f32BitsToBf16(bits: number): number {
  if ((bits & 0x7fffffff) > 0x7f800000) return ((bits >>> 16) & 0x8000) | 0x7fc0;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

let f16Values: Float32Array | undefined;

/** All 65536 halves; bulk decoding is a look-up. */
function f16Table(): Float32Array {
  f16Values ??= Float32Array.from({ length: 0x10000 }, (_, bits) => f16ToF32(bits));
  return f16Values;
}

export function f16ArrayToF32(bits: Uint16Array): Float32Array<ArrayBuffer> {
  const table = f16Table();
  const values = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) values[i] = table[bits[i] ?? 0] ?? 0;
  return values;
}

export function f32ArrayToF16(values: Float32Array): Uint16Array<ArrayBuffer> {
  const bits = new Uint16Array(values.length);
  const words = wordsOf(values);
  for (let i = 0; i < bits.length; i++) bits[i] = f32BitsToF16(words[i] ?? 0);
  return bits;
}

export function bf16ArrayToF32(bits: Uint16Array): Float32Array<ArrayBuffer> {
  const values = new Float32Array(bits.length);
  const words = new Uint32Array(values.buffer);
  for (let i = 0; i < bits.length; i++) words[i] = (bits[i] ?? 0) << 16;
  return values;
}

export function f32ArrayToBf16(values: Float32Array): Uint16Array<ArrayBuffer> {
  const bits = new Uint16Array(values.length);
  const words = wordsOf(values);
  for (let i = 0; i < bits.length; i++) bits[i] = f32BitsToBf16(words[i] ?? 0);
  return bits;
}

function wordsOf({ buffer, byteOffset, length }: Float32Array): Uint32Array {
  return new Uint32Array(buffer, byteOffset, length);
}
