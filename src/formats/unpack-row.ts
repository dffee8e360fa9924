import { bf16ToF32, f16ToF32 } from './float.ts';
import { unpackNf4Row } from './nf4.ts';
import { GROUP_ELEMS, SUPER_ELEMS, SUPER_WORDS, type WeightFormat } from './layout.ts';

/** One row's values from its codes and scale words: the f32 that a kernel computes. */
export function unpackRow(format: WeightFormat, codes: Uint32Array, scales: Uint32Array, values: Float32Array): void {
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
    case 'nf4':
      unpackNf4Row(codes, scales, values);
      break;
    case 'q4_0':
    case 'q5_0':
    case 'q6_k':
      unpackSymmetric(format, codes, scales, values);
      break;
    case 'q5_1':
    case 'q4_k':
    case 'q5_k':
      unpackAffine(format, codes, scales, values);
      break;
    default:
      format satisfies never;
  }
}

type SymmetricFormat = 'q4_0' | 'q5_0' | 'q6_k';
type AffineFormat = 'q5_1' | 'q4_k' | 'q5_k';

/** Words of codes of a group of 32. */
const GROUP_WORDS: Readonly<Record<SymmetricFormat | AffineFormat, number>> = {
  q4_0: 4,
  q4_k: 4,
  q5_0: 5,
  q5_1: 5,
  q5_k: 5,
  q6_k: 6,
};

function codeAt(groupWords: number, codes: Uint32Array, col: number): number {
  const begin = Math.floor(col / GROUP_ELEMS) * groupWords;
  const at = col % GROUP_ELEMS;
  const low = ((codes[begin + (at >> 3)] ?? 0) >>> ((at & 7) * 4)) & 15;
  if (groupWords === 5) return low | ((((codes[begin + 4] ?? 0) >>> at) & 1) << 4);
  if (groupWords === 6) return low | ((((codes[begin + 4 + (at >> 4)] ?? 0) >>> ((at & 15) * 2)) & 3) << 4);
  return low;
}

/** (code - middle) · d, exact: at most 11 + 7 + 5 bits. */
function unpackSymmetric(format: SymmetricFormat, codes: Uint32Array, scales: Uint32Array, values: Float32Array): void {
  const groupWords = GROUP_WORDS[format];
  const middle = { q4_0: 8, q5_0: 16, q6_k: 32 }[format];
  for (let col = 0; col < values.length; col++) {
    values[col] = (codeAt(groupWords, codes, col) - middle) * symmetricScale(format, scales, col);
  }
}

function symmetricScale(format: SymmetricFormat, scales: Uint32Array, col: number): number {
  if (format === 'q6_k') {
    const begin = Math.floor(col / SUPER_ELEMS) * SUPER_WORDS;
    const at = (col % SUPER_ELEMS) >> 4;
    const scale = ((scales[begin + 1 + (at >> 2)] ?? 0) << (24 - (at & 3) * 8)) >> 24;
    return f16ToF32((scales[begin] ?? 0) & 0xffff) * scale;
  }
  const group = Math.floor(col / GROUP_ELEMS);
  return f16ToF32(((scales[group >> 1] ?? 0) >>> ((group & 1) * 16)) & 0xffff);
}

/** code · d + m: the product is exact, so one rounding is left. */
function unpackAffine(format: AffineFormat, codes: Uint32Array, scales: Uint32Array, values: Float32Array): void {
  const groupWords = GROUP_WORDS[format];
  for (let begin = 0; begin < values.length; begin += GROUP_ELEMS) {
    const [d, m] = affineScale(format, scales, begin / GROUP_ELEMS);
    const end = Math.min(values.length, begin + GROUP_ELEMS);
    for (let col = begin; col < end; col++) values[col] = codeAt(groupWords, codes, col) * d + m;
  }
}

function affineScale(format: AffineFormat, scales: Uint32Array, group: number): readonly [d: number, m: number] {
  if (format === 'q5_1') {
    const word = scales[group] ?? 0;
    return [f16ToF32(word & 0xffff), f16ToF32(word >>> 16)];
  }
  const begin = (group >> 3) * SUPER_WORDS;
  const both = scales[begin] ?? 0;
  const small = (scales[begin + 1 + ((group & 7) >> 1)] ?? 0) >>> ((group & 1) * 16);
  return [f16ToF32(both & 0xffff) * (small & 0xff), -(f16ToF32(both >>> 16) * ((small >>> 8) & 0xff))];
}
