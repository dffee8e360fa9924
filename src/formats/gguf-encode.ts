import { WebLoraError } from '../errors.ts';
import { f16ToF32, f32ArrayToBf16, f32ArrayToF16, f32ToF16 } from './float.ts';
import { ggufBytes } from './gguf-blocks.ts';

/** The types that WebLoRA writes into GGUF files. */
export const WRITTEN_GGUF_TYPES = ['F32', 'F16', 'BF16', 'Q8_0', 'Q4_0'] as const;
export type WrittenGgufType = (typeof WRITTEN_GGUF_TYPES)[number];

/** `general.file_type` by the type of most tensors (llama.cpp's LLAMA_FTYPE). */
export const GGUF_FILE_TYPES: Readonly<Record<WrittenGgufType, number>> = {
  F32: 0,
  F16: 1,
  Q4_0: 2,
  Q8_0: 7,
  BF16: 32,
};
/** GGML_QNT_VERSION, written where blocks are quantised. */
export const QUANTISATION_VERSION = 2;

/**
 * Whole rows in the blocks of a GGUF type, with the numbers of ggml's reference quantisation
 * (`quantize_row_*_ref` in ggml/src/ggml-quants.c).
 * @param values rows · cols values, row-major
 * @throws `bad-model` when a value does not fit f16, `bad-file` when rows are no whole blocks
 */
export function encodeGguf(
  type: WrittenGgufType,
  values: Float32Array,
  rows: number,
  cols: number,
  name = 'tensor',
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(ggufBytes(type, rows, cols, name));
  switch (type) {
    case 'F32':
      new Float32Array(bytes.buffer).set(values);
      return bytes;
    case 'F16': {
      const halves = f32ArrayToF16(values);
      const at = halves.findIndex((half, i) => (half & 0x7c00) === 0x7c00 && Number.isFinite(values[i]));
      if (at >= 0) throw outOfRange(name, values[at] ?? 0);
      new Uint16Array(bytes.buffer).set(halves);
      return bytes;
    }
    case 'BF16':
      new Uint16Array(bytes.buffer).set(f32ArrayToBf16(values));
      return bytes;
    case 'Q8_0':
      encodeBlocks(bytes, values, 34, encodeQ8Block);
      return bytes;
    case 'Q4_0':
      encodeBlocks(bytes, values, 18, encodeQ4Block);
      return bytes;
    default:
      return type satisfies never;
  }
}

type EncodeBlock = (values: Float32Array, out: DataView, at: number) => void;

const BLOCK = 32;

function encodeBlocks(
  bytes: Uint8Array<ArrayBuffer>,
  values: Float32Array,
  blockBytes: number,
  encode: EncodeBlock,
): void {
  const out = new DataView(bytes.buffer);
  for (let block = 0; block < values.length / BLOCK; block++)
    encode(values.subarray(block * BLOCK, (block + 1) * BLOCK), out, block * blockBytes);
}

/** d = max|x| / 127, code = x / d rounded half away from zero; codes use the f32 scale, the file keeps it as f16. */
function encodeQ8Block(values: Float32Array, out: DataView, at: number): void {
  let most = 0;
  for (const value of values) most = Math.max(most, Math.abs(value));
  const scale = Math.fround(most / 127);
  const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
  out.setUint16(at, f32ToF16(scale), true);
  for (let i = 0; i < BLOCK; i++) {
    const ratio = Math.fround((values[i] ?? 0) * inverse);
    out.setInt8(at + 2 + i, Math.sign(ratio) * Math.floor(Math.abs(ratio) + 0.5));
  }
}

/** d = the value farthest from zero / -8, code = min(15, floor(x / d + 8.5)); value = d · (code - 8). */
function encodeQ4Block(values: Float32Array, out: DataView, at: number): void {
  let farthest = 0;
  for (const value of values) if (Math.abs(value) > Math.abs(farthest)) farthest = value;
  const scale = Math.fround(farthest / -8);
  const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
  out.setUint16(at, f32ToF16(scale), true);
  const code = (i: number): number =>
    Math.min(15, Math.trunc(Math.fround(Math.fround((values[i] ?? 0) * inverse) + 8.5)));
  for (let i = 0; i < BLOCK / 2; i++) out.setUint8(at + 2 + i, code(i) | (code(i + BLOCK / 2) << 4));
}

function outOfRange(name: string, value: number): WebLoraError {
  return new WebLoraError('bad-model', `${name} does not fit f16`, {
    got: value,
    wanted: `values within ±${f16ToF32(0x7bff)}`,
    fix: 'choose bf16 or f32',
  });
}
