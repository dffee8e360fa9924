import { WebLoraError } from '../errors.ts';
import { bf16ToF32, f16ToF32, f32ToBf16, f32ToF16, isF16Overflow } from './float.ts';

/** How a frozen weight is kept, on the GPU and off it. */
export type WeightFormat = 'f32' | 'f16' | 'bf16' | 'q8' | 'q4';
export const WEIGHT_FORMATS: readonly WeightFormat[] = ['f32', 'f16', 'bf16', 'q8', 'q4'];

/** Elements that share a scale in `q8` and `q4`, along a row; a row's last group may be short. */
export const GROUP_ELEMS = 32;

/**
 * A `[rows, cols]` weight in the layout every kernel reads. Rows of `codes` are padded with zero words to whole
 * `vec4<u32>` (16 bytes), so that a kernel may load four words at once from any row. Padding is not data: in `q4`
 * a zero code means the group's minimum, so kernels must not read past `cols`.
 *
 * - `f32`: one bit pattern a word
 * - `f16`, `bf16`: two a word, the lower column in the low half
 * - `q8`: four signed bytes a word, the lowest column in the lowest byte; 8 words a group
 * - `q4`: eight nibbles a word, the lowest column in the lowest nibble; 4 words a group
 *
 * `scales`, one word a group, rows without padding: `q8` has d (f16) in the low half and 0 in the high half,
 * `q4` has d (f16) in the low half and the minimum m (f16) in the high half; empty for the float formats.
 */
export interface PackedWeight {
  readonly format: WeightFormat;
  readonly rows: number;
  readonly cols: number;
  /** `[rows, codeWordsPerRow(format, cols)]` */
  readonly codes: Uint32Array;
  /** `[rows, scaleWordsPerRow(format, cols)]` */
  readonly scales: Uint32Array;
}

/** Words of `codes` in one row: a multiple of 4. */
export function codeWordsPerRow(format: WeightFormat, cols: number): number {
  switch (format) {
    case 'f32':
      return Math.ceil(cols / 4) * 4;
    case 'f16':
    case 'bf16':
      return Math.ceil(cols / 8) * 4;
    case 'q8':
      return Math.ceil(cols / GROUP_ELEMS) * 8;
    case 'q4':
      return Math.ceil(cols / GROUP_ELEMS) * 4;
    default:
      return format satisfies never;
  }
}

/** Words of `scales` in one row: its number of groups, or 0 for the float formats. */
export function scaleWordsPerRow(format: WeightFormat, cols: number): number {
  return format === 'q8' || format === 'q4' ? Math.ceil(cols / GROUP_ELEMS) : 0;
}

/** Bytes of `codes` and `scales` together. */
export function packedBytes(format: WeightFormat, rows: number, cols: number): number {
  return rows * (codeWordsPerRow(format, cols) + scaleWordsPerRow(format, cols)) * 4;
}

/**
 * Packs a row-major `[rows, cols]` matrix. As GGML does (Q8_0, Q4_1), codes are computed with the f32 scale and the
 * scale is then stored as f16; a short last group uses only its own elements.
 *
 * @param name the tensor's name, for messages
 * @throws WebLoraError `config` when a value or scale leaves the range of 16-bit floats, `bad-model` when a value to
 *   be quantised is not finite
 */
export function packWeight(
  values: Float32Array,
  rows: number,
  cols: number,
  format: WeightFormat,
  name = 'weight',
): PackedWeight {
  if (values.length !== rows * cols) {
    throw new WebLoraError('internal', `packWeight ${name}`, {
      got: `${values.length} values`,
      wanted: `${rows} x ${cols}`,
    });
  }
  const codes = new Uint32Array(rows * codeWordsPerRow(format, cols));
  const scales = new Uint32Array(rows * scaleWordsPerRow(format, cols));
  for (let row = 0; row < rows; row++) {
    const rowValues = values.subarray(row * cols, (row + 1) * cols);
    const rowCodes = codes.subarray(row * codeWordsPerRow(format, cols), (row + 1) * codeWordsPerRow(format, cols));
    switch (format) {
      case 'f32':
        rowCodes.set(new Uint32Array(rowValues.slice().buffer));
        break;
      case 'f16':
      case 'bf16':
        packHalves(rowValues, rowCodes, format, name);
        break;
      case 'q8':
      case 'q4': {
        const groups = scaleWordsPerRow(format, cols);
        const packGroup = format === 'q8' ? packGroupQ8 : packGroupQ4;
        for (let group = 0; group < groups; group++) {
          scales[row * groups + group] = packGroup(rowValues, group * GROUP_ELEMS, rowCodes, name);
        }
        break;
      }
      default:
        format satisfies never;
    }
  }
  return { format, rows, cols, codes, scales };
}

/** The values a kernel computes from the packed words, bit for bit: row-major `[rows, cols]`. */
export function unpackWeight(packed: PackedWeight): Float32Array<ArrayBuffer> {
  const { format, rows, cols, codes, scales } = packed;
  const values = new Float32Array(rows * cols);
  const codeWords = codeWordsPerRow(format, cols);
  const groups = scaleWordsPerRow(format, cols);
  for (let row = 0; row < rows; row++) {
    unpackRow(
      format,
      codes.subarray(row * codeWords, (row + 1) * codeWords),
      scales.subarray(row * groups, (row + 1) * groups),
      values.subarray(row * cols, (row + 1) * cols),
    );
  }
  return values;
}

function unpackRow(format: WeightFormat, codes: Uint32Array, scales: Uint32Array, values: Float32Array): void {
  const cols = values.length;
  switch (format) {
    case 'f32':
      values.set(new Float32Array(codes.buffer, codes.byteOffset, cols));
      break;
    case 'f16':
    case 'bf16': {
      const toF32 = format === 'f16' ? f16ToF32 : bf16ToF32;
      for (let col = 0; col < cols; col++) {
        values[col] = toF32(((codes[col >> 1] ?? 0) >>> ((col & 1) * 16)) & 0xffff);
      }
      break;
    }
    case 'q8':
      for (let group = 0; group < scales.length; group++) {
        const d = f16ToF32((scales[group] ?? 0) & 0xffff);
        const end = Math.min(cols, (group + 1) * GROUP_ELEMS);
        for (let col = group * GROUP_ELEMS; col < end; col++) {
          values[col] = (((codes[col >> 2] ?? 0) << (24 - (col & 3) * 8)) >> 24) * d;
        }
      }
      break;
    case 'q4':
      for (let group = 0; group < scales.length; group++) {
        const d = f16ToF32((scales[group] ?? 0) & 0xffff);
        const m = f16ToF32((scales[group] ?? 0) >>> 16);
        const end = Math.min(cols, (group + 1) * GROUP_ELEMS);
        for (let col = group * GROUP_ELEMS; col < end; col++) {
          // d * q is exact in f32 (11 + 4 bits), so one rounding is left: fused or not, every GPU agrees.
          values[col] = (((codes[col >> 3] ?? 0) >>> ((col & 7) * 4)) & 15) * d + m;
        }
      }
      break;
    default:
      format satisfies never;
  }
}

/** Rows [from, to) as views of the same memory. */
export function sliceRows(packed: PackedWeight, from: number, to: number): PackedWeight {
  const { format, rows, cols, codes, scales } = packed;
  if (!(from >= 0 && from <= to && to <= rows)) {
    throw new WebLoraError('internal', 'sliceRows', { got: `[${from}, ${to})`, wanted: `rows within [0, ${rows})` });
  }
  const codeWords = codeWordsPerRow(format, cols);
  const scaleWords = scaleWordsPerRow(format, cols);
  return {
    format,
    rows: to - from,
    cols,
    codes: codes.subarray(from * codeWords, to * codeWords),
    scales: scales.subarray(from * scaleWords, to * scaleWords),
  };
}

export { packWeight as quantize, unpackWeight as dequantize };

function packHalves(values: Float32Array, words: Uint32Array, format: 'f16' | 'bf16', name: string): void {
  for (let col = 0; col < values.length; col++) {
    const value = values[col] ?? 0;
    const half = format === 'f16' ? f32ToF16(value) : f32ToBf16(value);
    const infinity = format === 'f16' ? 0x7c00 : 0x7f80;
    if ((half & 0x7fff) === infinity) throw outOfRange(name, format, value);
    words[col >> 1] = (words[col >> 1] ?? 0) | (half << ((col & 1) * 16));
  }
}

/** d = max|w| / 127, q = round(w / d), halves away from zero as C's roundf. Returns the scale word. */
function packGroupQ8(row: Float32Array, begin: number, words: Uint32Array, name: string): number {
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
function packGroupQ4(row: Float32Array, begin: number, words: Uint32Array, name: string): number {
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

function outOfRange(name: string, format: WeightFormat, value: number): WebLoraError {
  return new WebLoraError('config', `${name} does not fit base format ${format}`, {
    got: `a value of ${value}`,
    wanted: format === 'bf16' ? 'magnitudes below 3.39e38' : 'values and scales below 65520 in magnitude',
    fix: `use base format ${format === 'bf16' ? 'f32' : 'bf16'}`,
  });
}

function notFinite(name: string, value: number): WebLoraError {
  return new WebLoraError('bad-model', `${name} holds a value that is not a number to compute with`, {
    got: value,
    wanted: 'finite weights',
    fix: 'fetch the model again or use another one',
  });
}
