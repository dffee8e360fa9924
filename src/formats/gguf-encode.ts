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
  const size = ggufBytes(type, rows, cols, name);
  switch (type) {
    case 'F32':
      return new Uint8Array(values.slice().buffer);
    case 'F16': {
      const halves = f32ArrayToF16(values);
      assertInRange(halves, values, name);
      return new Uint8Array(halves.buffer);
    }
    case 'BF16':
      return new Uint8Array(f32ArrayToBf16(values).buffer);
    case 'Q8_0':
      return encodeQ8(values, size);
    case 'Q4_0':
      return encodeQ4(values, size);
    default:
      return type satisfies never;
  }
}

const BLOCK = 32;

/** d = max|x| / 127, code = x / d rounded half away from zero; codes use the f32 scale, the file keeps it as f16. */
function encodeQ8(values: Float32Array, size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (let begin = 0; begin < values.length; begin += BLOCK) {
    const end = begin + BLOCK;
    let most = 0;
    for (let i = begin; i < end; i++) most = Math.max(most, Math.abs(values[i] ?? 0));
    const scale = Math.fround(most / 127);
    const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
    at = writeHalf(bytes, at, f32ToF16(scale));
    for (let i = begin; i < end; i++) {
      const ratio = Math.fround((values[i] ?? 0) * inverse);
      bytes[at++] = ratio < 0 ? -((0.5 - ratio) | 0) : (ratio + 0.5) | 0;
    }
  }
  return bytes;
}

/** d = the value farthest from zero / -8, code = min(15, floor(x / d + 8.5)); value = d · (code - 8). */
function encodeQ4(values: Float32Array, size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (let begin = 0; begin < values.length; begin += BLOCK) {
    let farthest = 0;
    for (let i = begin; i < begin + BLOCK; i++) {
      const value = values[i] ?? 0;
      if (Math.abs(value) > Math.abs(farthest)) farthest = value;
    }
    const scale = Math.fround(farthest / -8);
    const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
    at = writeHalf(bytes, at, f32ToF16(scale));
    const middle = begin + BLOCK / 2;
    for (let i = begin; i < middle; i++) {
      bytes[at++] = codeQ4(values[i] ?? 0, inverse) | (codeQ4(values[i + BLOCK / 2] ?? 0, inverse) << 4);
    }
  }
  return bytes;
}

function codeQ4(value: number, inverse: number): number {
  const code = Math.fround(Math.fround(value * inverse) + 8.5);
  return code >= 15 ? 15 : code | 0;
}

/** Little-endian. Returns where the next byte goes. */
function writeHalf(bytes: Uint8Array, at: number, half: number): number {
  bytes[at] = half & 0xff;
  bytes[at + 1] = half >> 8;
  return at + 2;
}

/** @throws `bad-model` for a finite value that became an infinity */
function assertInRange(halves: Uint16Array, values: Float32Array, name: string): void {
  for (let i = 0; i < halves.length; i++) {
    if (((halves[i] ?? 0) & 0x7c00) !== 0x7c00) continue;
    const value = values[i] ?? 0;
    if (Number.isFinite(value)) throw outOfRange(name, value);
  }
}

function outOfRange(name: string, value: number): WebLoraError {
  return new WebLoraError('bad-model', `${name} does not fit f16`, {
    got: value,
    wanted: `values within ±${f16ToF32(0x7bff)}`,
    fix: 'choose bf16 or f32',
  });
}
