import { WebLoraError } from '../errors.ts';
import { f32ToBf16, f32ToF16, isF16Overflow } from './float.ts';
import { GROUP_ELEMS, type PackFormat } from './layout.ts';

/** Two values a word, into the words of a row. */
export function packHalves(values: Float32Array, words: Uint32Array, format: 'f16' | 'bf16', name: string): void {
  for (let col = 0; col < values.length; col++) {
    const value = values[col] ?? 0;
    const half = format === 'f16' ? f32ToF16(value) : f32ToBf16(value);
    const infinity = format === 'f16' ? 0x7c00 : 0x7f80;
    // An exponent of ones: an infinity, or above it NaN.
    if ((half & 0x7fff) >= infinity)
      throw Number.isFinite(value) ? outOfRange(name, format, value) : notFinite(name, value);
    words[col >> 1] = (words[col >> 1] ?? 0) | (half << ((col & 1) * 16));
  }
}

/** d = max|w| / 127, q = round(w / d), halves away from zero as C's roundf. Returns the scale word. */
export function packGroupQ8(row: Float32Array, begin: number, words: Uint32Array, name: string): number {
  const end = Math.min(row.length, begin + GROUP_ELEMS);
  let largest = 0;
  for (let col = begin; col < end; col++) {
    const value = row[col] ?? 0;
    if (!Number.isFinite(value)) throw notFinite(name, value);
    largest = Math.max(largest, Math.abs(value));
  }
  const d = Math.fround(largest / 127);
  if (isF16Overflow(d)) throw outOfRange(name, 'q8', largest);
  if (d > 0) {
    for (let col = begin; col < end; col++) {
      const ratio = Math.fround((row[col] ?? 0) / d);
      // The clamp matters only where d is so small that it has lost its precision.
      const magnitude = Math.min(127, Math.floor(Math.abs(ratio) + 0.5));
      const q = ratio < 0 ? -magnitude : magnitude;
      words[col >> 2] = (words[col >> 2] ?? 0) | ((q & 0xff) << ((col & 3) * 8));
    }
  }
  return f32ToF16(d);
}

/** m = min, d = (max - min) / 15, q = clamp(floor((w - m) / d + 0.5), 0, 15). Returns the scale word. */
export function packGroupQ4(row: Float32Array, begin: number, words: Uint32Array, name: string): number {
  const end = Math.min(row.length, begin + GROUP_ELEMS);
  let min = Infinity;
  let max = -Infinity;
  for (let col = begin; col < end; col++) {
    const value = row[col] ?? 0;
    if (!Number.isFinite(value)) throw notFinite(name, value);
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  const d = Math.fround(Math.fround(max - min) / 15);
  if (isF16Overflow(d) || isF16Overflow(min)) throw outOfRange(name, 'q4', Math.abs(min) > Math.abs(max) ? min : max);
  if (d > 0) {
    for (let col = begin; col < end; col++) {
      const ratio = Math.fround(Math.fround((row[col] ?? 0) - min) / d);
      const q = Math.min(15, Math.max(0, Math.floor(Math.fround(ratio + 0.5))));
      words[col >> 3] = (words[col >> 3] ?? 0) | (q << ((col & 7) * 4));
    }
  }
  return (f32ToF16(d) | (f32ToF16(min) << 16)) >>> 0;
}

function outOfRange(name: string, format: PackFormat, value: number): WebLoraError {
  return new WebLoraError('config', `${name} does not fit base format ${format}`, {
    got: `a value of ${value}`,
    wanted: format === 'bf16' ? 'magnitudes below 3.39e38' : 'values and scales below 65520 in magnitude',
    fix: `use base format ${format === 'bf16' ? 'f32' : 'bf16'}`,
  });
}

/** @throws WebLoraError 'bad-model' naming the tensor */
export function checkFinite(values: Float32Array, name: string): void {
  // An exponent of ones carries into the sign; a branch for each value takes several times as long.
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  let signs = 0;
  for (let i = 0; i < words.length; i++) signs |= ((words[i] ?? 0) & 0x7f800000) + 0x00800000;
  if (signs < 0) throw notFinite(name, values.find((value) => !Number.isFinite(value)) ?? NaN);
}

export function notFinite(name: string, value: number): WebLoraError {
  return new WebLoraError('bad-model', `${name} holds a value that is not a number to compute with`, {
    got: value,
    wanted: 'finite weights',
    fix: 'fetch the model again or use another one',
  });
}
