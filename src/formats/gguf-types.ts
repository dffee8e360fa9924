/**
 * GGUF tensor types: how many values a block holds and how many bytes it takes.
 * Source: https://github.com/ggml-org/ggml, docs/gguf.md (enum ggml_type) and src/ggml-common.h (the block structs).
 */
export const GGUF_BLOCKS = {
  F32: { id: 0, elems: 1, bytes: 4 },
  F16: { id: 1, elems: 1, bytes: 2 },
  BF16: { id: 30, elems: 1, bytes: 2 },
  Q4_0: { id: 2, elems: 32, bytes: 18 },
  Q4_1: { id: 3, elems: 32, bytes: 20 },
  Q5_0: { id: 6, elems: 32, bytes: 22 },
  Q5_1: { id: 7, elems: 32, bytes: 24 },
  Q8_0: { id: 8, elems: 32, bytes: 34 },
  Q4_K: { id: 12, elems: 256, bytes: 144 },
  Q5_K: { id: 13, elems: 256, bytes: 176 },
  Q6_K: { id: 14, elems: 256, bytes: 210 },
} as const;

/** The types that are read. */
export type GgufType = keyof typeof GGUF_BLOCKS;

const TYPE_NAMES = Object.keys(GGUF_BLOCKS) as GgufType[];
const BY_ID = new Map<number, GgufType>(TYPE_NAMES.map((type) => [GGUF_BLOCKS[type].id, type]));

/** Types that exist but are not read, so that a message can name them. */
const OTHER_TYPES = new Map<number, string>([
  [9, 'Q8_1'],
  [10, 'Q2_K'],
  [11, 'Q3_K'],
  [15, 'Q8_K'],
  [16, 'IQ2_XXS'],
  [17, 'IQ2_XS'],
  [18, 'IQ3_XXS'],
  [19, 'IQ1_S'],
  [20, 'IQ4_NL'],
  [21, 'IQ3_S'],
  [22, 'IQ2_S'],
  [23, 'IQ4_XS'],
  [24, 'I8'],
  [25, 'I16'],
  [26, 'I32'],
  [27, 'I64'],
  [28, 'F64'],
  [29, 'IQ1_M'],
  [34, 'TQ1_0'],
  [35, 'TQ2_0'],
  [39, 'MXFP4'],
]);

export function ggufTypeById(id: number): GgufType | undefined {
  return BY_ID.get(id);
}

/** What to call a type in a message, read or not. */
export function ggufTypeName(id: number): string {
  return BY_ID.get(id) ?? OTHER_TYPES.get(id) ?? `type ${id}`;
}

export const GGUF_TYPE_LIST = TYPE_NAMES.join(', ');
