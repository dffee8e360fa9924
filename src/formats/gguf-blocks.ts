import { WebLoraError } from '../errors.ts';
import { codeWordsPerRow, scaleWordsPerRow, SUPER_WORDS, type PackedWeight, type WeightFormat } from './layout.ts';
import { unpackWeight } from './quantize.ts';

/**
 * The block types of GGUF files (ggml/src/ggml-common.h defines their structs) and how each is stored: the same numbers
 * in words that kernels read, so that code · scale + minimum gives ggml's value bit for bit. Scales of a super-block of
 * 256 columns (`q4_k`, `q5_k`, `q6_k`) are five words:
 * - d (f16) in the low half, dmin (f16) in the high half
 * - `q4_k`, `q5_k`: per group of 32 a byte for its scale and one for its minimum: (code · d · scale) - dmin · minimum
 * - `q6_k`: per 16 columns a signed byte: d · scale · (code - 32)
 */
export type GgufType = 'F32' | 'F16' | 'BF16' | 'Q8_0' | 'Q4_0' | 'Q4_1' | 'Q5_0' | 'Q5_1' | 'Q4_K' | 'Q5_K' | 'Q6_K';

export interface GgufTypeFacts {
  readonly type: GgufType;
  /** ggml's number of the type. */
  readonly id: number;
  readonly blockElems: number;
  readonly blockBytes: number;
  readonly format: WeightFormat;
}

const FACTS: readonly GgufTypeFacts[] = [
  { type: 'F32', id: 0, blockElems: 1, blockBytes: 4, format: 'f32' },
  { type: 'F16', id: 1, blockElems: 1, blockBytes: 2, format: 'f16' },
  { type: 'Q4_0', id: 2, blockElems: 32, blockBytes: 18, format: 'q4_0' },
  { type: 'Q4_1', id: 3, blockElems: 32, blockBytes: 20, format: 'q4' },
  { type: 'Q5_0', id: 6, blockElems: 32, blockBytes: 22, format: 'q5_0' },
  { type: 'Q5_1', id: 7, blockElems: 32, blockBytes: 24, format: 'q5_1' },
  { type: 'Q8_0', id: 8, blockElems: 32, blockBytes: 34, format: 'q8' },
  { type: 'Q4_K', id: 12, blockElems: 256, blockBytes: 144, format: 'q4_k' },
  { type: 'Q5_K', id: 13, blockElems: 256, blockBytes: 176, format: 'q5_k' },
  { type: 'Q6_K', id: 14, blockElems: 256, blockBytes: 210, format: 'q6_k' },
  { type: 'BF16', id: 30, blockElems: 1, blockBytes: 2, format: 'bf16' },
];

/** Facts of the type with ggml's number `id`; undefined for a type WebLoRA does not read. */
export function ggufTypeOf(id: number): GgufTypeFacts | undefined {
  return FACTS.find((facts) => facts.id === id);
}

export const GGUF_TYPES: readonly GgufType[] = FACTS.map(({ type }) => type);

export function ggufFacts(type: GgufType): GgufTypeFacts {
  const facts = FACTS.find((candidate) => candidate.type === type);
  if (facts === undefined) throw new WebLoraError('internal', `GGUF type ${type}`);
  return facts;
}

/** Bytes of `rows` rows of `cols` elements. Throws as {@link repackGguf}. */
export function ggufBytes(type: GgufType, rows: number, cols: number, name = 'tensor'): number {
  const { blockElems, blockBytes } = ggufFacts(type);
  if (cols % blockElems !== 0) {
    throw new WebLoraError('bad-file', `${name}: rows of type ${type}`, {
      got: `${cols} elements`,
      wanted: `a multiple of ${blockElems}`,
      fix: 'the file is damaged, fetch it again',
    });
  }
  return rows * (cols / blockElems) * blockBytes;
}

/**
 * Repacks whole rows of blocks without loss.
 * @param bytes exactly the rows' bytes, as the file has them
 * @throws WebLoraError `bad-file` when rows are not whole blocks or bytes are missing, `bad-model` when a scale or a
 *   value is not finite
 */
export function repackGguf(
  type: GgufType,
  bytes: Uint8Array,
  rows: number,
  cols: number,
  name = 'tensor',
): PackedWeight {
  const { format, blockElems, blockBytes } = ggufFacts(type);
  const wanted = ggufBytes(type, rows, cols, name);
  if (bytes.byteLength !== wanted) {
    throw new WebLoraError('bad-file', `${name}: ${type} [${rows}, ${cols}]`, {
      got: `${bytes.byteLength} bytes`,
      wanted: `${wanted}`,
      fix: 'the file is damaged, fetch it again',
    });
  }
  const codes = new Uint32Array(rows * codeWordsPerRow(format, cols));
  const scales = new Uint32Array(rows * scaleWordsPerRow(format, cols));
  const rowBytes = (cols / blockElems) * blockBytes;
  if (blockElems === 1) {
    const words = new Uint8Array(codes.buffer);
    const pitch = codeWordsPerRow(format, cols) * 4;
    for (let row = 0; row < rows; row++) words.set(bytes.subarray(row * rowBytes, (row + 1) * rowBytes), row * pitch);
    checkFloats(type, codes, name);
    return { format, rows, cols, codes, scales };
  }
  const source = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const repack = REPACK[type];
  const blocks = cols / blockElems;
  const codeWords = codeWordsPerRow(format, cols);
  const scaleWords = scaleWordsPerRow(format, cols);
  for (let row = 0; row < rows; row++) {
    const rowCodes = codes.subarray(row * codeWords, (row + 1) * codeWords);
    const rowScales = scales.subarray(row * scaleWords, (row + 1) * scaleWords);
    for (let block = 0; block < blocks; block++) {
      const scale = repack(source, row * rowBytes + block * blockBytes, rowCodes, rowScales, block);
      if ((scale & 0x7c00) === 0x7c00 || ((scale >>> 16) & 0x7c00) === 0x7c00) {
        throw new WebLoraError('bad-model', `${name} holds a value that is not a number to compute with`, {
          got: `a scale of infinity or NaN in row ${row}`,
          wanted: 'finite scales',
          fix: 'fetch the model again or use another one',
        });
      }
    }
  }
  return { format, rows, cols, codes, scales };
}

/** The values of whole rows of blocks as f32, as ggml computes them; throws as {@link repackGguf}. */
export function dequantizeGguf(
  type: GgufType,
  bytes: Uint8Array,
  rows: number,
  cols: number,
  name = 'tensor',
): Float32Array<ArrayBuffer> {
  return unpackWeight(repackGguf(type, bytes, rows, cols, name));
}

/** @throws WebLoraError `bad-model` for an infinity or NaN: an exponent of ones */
function checkFloats(type: GgufType, words: Uint32Array, name: string): void {
  const exponent = type === 'F32' ? 0x7f800000 : type === 'BF16' ? 0x7f80 : 0x7c00;
  const high = type === 'F32' ? exponent : exponent << 16;
  for (const word of words) {
    if ((word & exponent) !== exponent && (word & high) !== high) continue;
    throw new WebLoraError('bad-model', `${name} holds a value that is not a number to compute with`, {
      got: `infinity or NaN in ${type}`,
      wanted: 'finite weights',
      fix: 'fetch the model again or use another one',
    });
  }
}

/** Moves block `block` of a row, which begins at byte `at`; returns its one or two f16 scales in a word. */
type RepackBlock = (source: DataView, at: number, codes: Uint32Array, scales: Uint32Array, block: number) => number;

const REPACK: Readonly<Record<GgufType, RepackBlock>> = {
  F32: plainBlock,
  F16: plainBlock,
  BF16: plainBlock,
  Q8_0: (source, at, codes, scales, block) => {
    const d = source.getUint16(at, true);
    for (let word = 0; word < 8; word++) codes[block * 8 + word] = source.getUint32(at + 2 + word * 4, true);
    scales[block] = d;
    return d;
  },
  Q4_0: (source, at, codes, scales, block) => {
    splitNibbles(source, at + 2, codes, block * 4);
    return setHalf(scales, block, source.getUint16(at, true));
  },
  Q4_1: (source, at, codes, scales, block) => {
    splitNibbles(source, at + 4, codes, block * 4);
    return (scales[block] = source.getUint32(at, true));
  },
  Q5_0: (source, at, codes, scales, block) => {
    splitNibbles(source, at + 6, codes, block * 5);
    codes[block * 5 + 4] = source.getUint32(at + 2, true);
    return setHalf(scales, block, source.getUint16(at, true));
  },
  Q5_1: (source, at, codes, scales, block) => {
    splitNibbles(source, at + 8, codes, block * 5);
    codes[block * 5 + 4] = source.getUint32(at + 4, true);
    return (scales[block] = source.getUint32(at, true));
  },
  Q4_K: (source, at, codes, scales, block) => {
    for (let pair = 0; pair < 4; pair++) {
      lowNibbles(source, at + 16 + pair * 32, codes, block * 32 + pair * 8);
      highNibbles(source, at + 16 + pair * 32, codes, block * 32 + pair * 8 + 4);
    }
    return sixBitScales(source, at, scales, block);
  },
  Q5_K: (source, at, codes, scales, block) => {
    for (let pair = 0; pair < 4; pair++) {
      const to = block * 40 + pair * 10;
      lowNibbles(source, at + 48 + pair * 32, codes, to);
      codes[to + 4] = bitPlane(source, at + 16, pair * 2);
      highNibbles(source, at + 48 + pair * 32, codes, to + 5);
      codes[to + 9] = bitPlane(source, at + 16, pair * 2 + 1);
    }
    return sixBitScales(source, at, scales, block);
  },
  Q6_K: (source, at, codes, scales, block) => {
    for (let half = 0; half < 2; half++) {
      const low = at + half * 64;
      const high = at + 128 + half * 32;
      for (let quarter = 0; quarter < 4; quarter++) {
        const to = block * 48 + half * 24 + quarter * 6;
        const from = low + (quarter & 1) * 32;
        if (quarter < 2) lowNibbles(source, from, codes, to);
        else highNibbles(source, from, codes, to);
        codes[to + 4] = pairPlane(source, high, quarter * 2);
        codes[to + 5] = pairPlane(source, high + 16, quarter * 2);
      }
    }
    const d = source.getUint16(at + 208, true);
    scales[block * SUPER_WORDS] = d;
    for (let word = 0; word < 4; word++) {
      scales[block * SUPER_WORDS + 1 + word] = source.getUint32(at + 192 + word * 4, true);
    }
    return d;
  },
};

function plainBlock(): number {
  throw new WebLoraError('internal', 'a float type has no blocks');
}

/** d of a block: two share a word. */
function setHalf(scales: Uint32Array, block: number, d: number): number {
  scales[block >> 1] = (scales[block >> 1] ?? 0) | (d << ((block & 1) * 16));
  return d;
}

/** 16 bytes whose low nibbles are a group's first half and whose high nibbles its second. */
function splitNibbles(source: DataView, at: number, codes: Uint32Array, to: number): void {
  for (let half = 0; half < 2; half++) {
    codes[to + half] = joinNibbles(source, at + half * 8, 0);
    codes[to + 2 + half] = joinNibbles(source, at + half * 8, 4);
  }
}

/** The low nibbles of 32 bytes: a group. */
function lowNibbles(source: DataView, at: number, codes: Uint32Array, to: number): void {
  for (let word = 0; word < 4; word++) codes[to + word] = joinNibbles(source, at + word * 8, 0);
}

function highNibbles(source: DataView, at: number, codes: Uint32Array, to: number): void {
  for (let word = 0; word < 4; word++) codes[to + word] = joinNibbles(source, at + word * 8, 4);
}

/** The nibbles at bit `shift` of eight bytes as one word. */
function joinNibbles(source: DataView, at: number, shift: number): number {
  return (
    gatherNibbles(source.getUint32(at, true) >>> shift) |
    (gatherNibbles(source.getUint32(at + 4, true) >>> shift) << 16)
  );
}

/** The low nibbles of a word's four bytes, side by side. */
function gatherNibbles(word: number): number {
  const pairs = (word & 0x000f000f) | ((word >>> 4) & 0x00f000f0);
  return (pairs & 0xff) | ((pairs >>> 8) & 0xff00);
}

/** Bit `bit` of each of 32 bytes as one word. */
function bitPlane(source: DataView, at: number, bit: number): number {
  let word = 0;
  for (let i = 0; i < 32; i++) word |= ((source.getUint8(at + i) >>> bit) & 1) << i;
  return word >>> 0;
}

/** Bits `bit` and above of each of 16 bytes as one word. */
function pairPlane(source: DataView, at: number, bit: number): number {
  let word = 0;
  for (let i = 0; i < 16; i++) word |= ((source.getUint8(at + i) >>> bit) & 3) << (i * 2);
  return word >>> 0;
}

/**
 * Eight scales and eight minima of 6 bits in 12 bytes: of groups 0 to 3 the low bits of a byte each, of groups 4 to 7
 * nibbles of the last four bytes under the high bits of the first eight.
 */
function sixBitScales(source: DataView, at: number, scales: Uint32Array, block: number): number {
  const byte = (i: number): number => source.getUint8(at + 4 + i);
  const both = source.getUint32(at, true);
  scales[block * SUPER_WORDS] = both;
  for (let group = 0; group < 8; group++) {
    const scale = group < 4 ? byte(group) & 63 : (byte(group + 4) & 15) | ((byte(group - 4) >>> 6) << 4);
    const minimum = group < 4 ? byte(group + 4) & 63 : (byte(group + 4) >>> 4) | ((byte(group) >>> 6) << 4);
    const word = block * SUPER_WORDS + 1 + (group >> 1);
    scales[word] = (scales[word] ?? 0) | ((scale | (minimum << 8)) << ((group & 1) * 16));
  }
  return both;
}
