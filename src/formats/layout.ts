import { nf4ScaleWords } from './nf4.ts';

/** What packWeight makes from values. */
export type PackFormat = 'f32' | 'f16' | 'bf16' | 'q8' | 'nf4' | 'q4';
/** How a frozen matrix is stored, on the GPU and off it; those after PackFormat hold GGUF blocks without loss. */
export type WeightFormat = PackFormat | 'q4_0' | 'q5_0' | 'q5_1' | 'q4_k' | 'q5_k' | 'q6_k';
/** How a base is stored: every matrix in one format, or each as its GGUF file has it. */
export type BaseFormat = PackFormat | 'gguf';
export const BASE_FORMATS: readonly BaseFormat[] = ['q4', 'nf4', 'q8', 'f16', 'bf16', 'f32', 'gguf'];

/** Elements that share a scale in `q8` and `q4`, along a row; a row's last group may be short. */
export const GROUP_ELEMS = 32;
/** Columns of a super-block of the K formats, and words of `scales` each has. */
export const SUPER_ELEMS = 256;
export const SUPER_WORDS = 5;

/**
 * A `[rows, cols]` weight in the layout every kernel reads. No row needs another: rows may be sliced and reordered.
 * Columns go 32 to a group. Rows of the float formats are padded with zero words to whole `vec4<u32>` (16 bytes), so
 * that a kernel may load four words at once. Padding is not data: in `q4` a zero code means the group's minimum, so
 * kernels must not read past `cols`.
 *
 * - `f32`: one bit pattern a word
 * - `f16`, `bf16`: two a word, the lower column in the low half
 * - `q8`: four signed bytes a word, the lowest column in the lowest byte; 8 words a group
 * - `q4`, `nf4`, `q4_0`, `q4_k`: eight nibbles a word, the lowest column in the lowest nibble; 4 words a group
 * - `q5_0`, `q5_1`, `q5_k`: the low four bits likewise, then one word of the fifth bits; 5 words a group
 * - `q6_k`: the low four bits likewise, then two words of the upper two bits; 6 words a group
 *
 * `scales`, whole words a row, empty for the float formats:
 * - `q8`: one word a group, d (f16) in the low half; `q4`, `q5_1`: the minimum m (f16) in the high half besides
 * - `q4_0`, `q5_0`: one word for two groups, d (f16) of the first in the low half
 * - `q4_k`, `q5_k`, `q6_k`: see gguf-blocks.ts; `nf4`: see nf4.ts
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

/** Words of `codes` in one row. */
export function codeWordsPerRow(format: WeightFormat, cols: number): number {
  const groups = Math.ceil(cols / GROUP_ELEMS);
  switch (format) {
    case 'f32':
      return Math.ceil(cols / 4) * 4;
    case 'f16':
    case 'bf16':
      return Math.ceil(cols / 8) * 4;
    case 'q8':
      return groups * 8;
    case 'q4':
    case 'nf4':
    case 'q4_0':
    case 'q4_k':
      return groups * 4;
    case 'q5_0':
    case 'q5_1':
    case 'q5_k':
      return groups * 5;
    case 'q6_k':
      return groups * 6;
    default:
      return format satisfies never;
  }
}

/** Words of `scales` in one row; 0 for the float formats. */
export function scaleWordsPerRow(format: WeightFormat, cols: number): number {
  switch (format) {
    case 'f32':
    case 'f16':
    case 'bf16':
      return 0;
    case 'q8':
    case 'q4':
    case 'q5_1':
      return Math.ceil(cols / GROUP_ELEMS);
    case 'q4_0':
    case 'q5_0':
      return Math.ceil(cols / GROUP_ELEMS / 2);
    case 'q4_k':
    case 'q5_k':
    case 'q6_k':
      return Math.ceil(cols / SUPER_ELEMS) * SUPER_WORDS;
    case 'nf4':
      return nf4ScaleWords(cols);
    default:
      return format satisfies never;
  }
}

/** Bytes of `codes` and `scales` together. */
export function packedBytes(format: WeightFormat, rows: number, cols: number): number {
  return rows * (codeWordsPerRow(format, cols) + scaleWordsPerRow(format, cols)) * 4;
}
