import { WebLoraError } from '../errors.ts';
import type { ByteSource } from './byte-source.ts';
import { countElems } from './safetensors.ts';
import { GGUF_TYPES, ggufTypeOf, type GgufType } from './gguf-blocks.ts';

/**
 * The GGUF container, versions 2 and 3, little-endian: metadata, tensor descriptions, padding, tensor bytes.
 * Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Why it is read here: docs/adr/0011-own-gguf-reader.md.
 */

/** A metadata value; 64-bit integers become numbers. */
export type GgufValue = number | string | boolean | readonly GgufValue[];

export interface GgufTensor {
  readonly type: GgufType;
  /** Outermost first, as in safetensors: [rows, cols]. The file has the innermost first. */
  readonly shape: readonly number[];
  /** First byte, counted from the start of the file. */
  readonly offset: number;
  readonly byteLength: number;
}

export interface GgufHeader {
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
}

export interface GgufFile extends GgufHeader {
  readonly name: string;
  /**
   * The blocks of rows [from, to) of a tensor as they are stored; a vector is one row.
   * @throws WebLoraError `bad-file` when the file has no such rows
   */
  loadRows(tensorName: string, from: number, to: number): Promise<Uint8Array>;
}

const FIRST_READ_BYTES = 2 ** 20;
/** Far above the header of any published model (tens of MB); a longer one comes from damaged counts. */
const MAX_HEADER_BYTES = 2 ** 28;
const MAX_ARRAY_DEPTH = 4;
const DEFAULT_ALIGNMENT = 32;

/** The bytes read so far end inside the header. */
class HeaderGoesOn extends Error {}

/**
 * Reads the header of a file; tensors are loaded one by one.
 * @throws WebLoraError `bad-file` for a damaged or truncated file, `unsupported` for a version, a tensor type or a
 *   split file that is not read
 */
export async function openGguf(source: ByteSource): Promise<GgufFile> {
  let bytes = await source.read(0, Math.min(FIRST_READ_BYTES, source.size));
  for (;;) {
    try {
      const header = parseGgufHeader(bytes, source.size, source.name);
      return {
        ...header,
        name: source.name,
        loadRows: async (tensorName, from, to) => {
          const tensor = header.tensors.get(tensorName);
          const rows = tensor === undefined ? 0 : countElems(tensor.shape.slice(0, -1));
          if (tensor === undefined || from < 0 || to > rows)
            throw damaged(source.name, `${rows} rows`, `rows ${from} to ${to} of tensor ${tensorName}`);
          const rowBytes = tensor.byteLength / rows;
          return source.read(tensor.offset + from * rowBytes, (to - from) * rowBytes);
        },
      };
    } catch (thrown) {
      if (!(thrown instanceof HeaderGoesOn)) throw thrown;
    }
    if (bytes.length === source.size) {
      throw damaged(source.name, `${source.size} bytes, which end inside the header`, 'a whole GGUF file');
    }
    if (bytes.length >= MAX_HEADER_BYTES) {
      throw damaged(source.name, `a header of over ${MAX_HEADER_BYTES} bytes`, 'a header of tens of megabytes');
    }
    // Twice as much each time: what is parsed again stays below what was read.
    const more = await source.read(bytes.length, Math.min(bytes.length, source.size - bytes.length));
    const longer = new Uint8Array(bytes.length + more.length);
    longer.set(bytes);
    longer.set(more, bytes.length);
    bytes = longer;
  }
}

/** @throws HeaderGoesOn when `bytes`, the beginning of the file, do not hold the whole header */
function parseGgufHeader(bytes: Uint8Array, fileBytes: number, fileName: string): GgufHeader {
  const at = new Cursor(bytes, fileName);
  if (at.u32() !== 0x46554747) throw damaged(fileName, 'other first bytes than GGUF', 'a GGUF file');
  const version = at.u32();
  if (version !== 2 && version !== 3) {
    const isBigEndian = version >>> 16 !== 0 && (version & 0xffff) === 0;
    throw new WebLoraError('unsupported', `${fileName}: GGUF version`, {
      got: isBigEndian ? 'a big-endian file' : version,
      wanted: '2 or 3, little-endian',
      fix: 'convert the model with a current llama.cpp',
    });
  }
  const tensorCount = at.count();
  const metadataCount = at.count();
  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < metadataCount; i++) {
    const key = at.text();
    if (metadata.has(key)) throw damaged(fileName, `key ${key} twice`, 'each key once');
    metadata.set(key, at.value(at.u32(), 0));
  }
  // One by one: a damaged count must not allocate anything.
  const descriptions: TensorDescription[] = [];
  for (let i = 0; i < tensorCount; i++) descriptions.push(at.tensor());
  const parts = metadata.get('split.count');
  if (typeof parts === 'number' && parts > 1) {
    throw new WebLoraError('unsupported', `${fileName}: split file`, {
      got: `one of ${parts} parts`,
      wanted: 'a model in one .gguf',
      fix: 'join the parts with llama-gguf-split --merge',
    });
  }
  const alignment = metadata.get('general.alignment') ?? DEFAULT_ALIGNMENT;
  if (typeof alignment !== 'number' || !Number.isInteger(alignment) || alignment < 1) {
    throw damaged(fileName, `general.alignment ${JSON.stringify(alignment)}`, 'a whole number over 0');
  }
  const dataStart = Math.ceil(at.offset / alignment) * alignment;
  const tensors = new Map<string, GgufTensor>();
  for (const { name, dims, typeId, offset } of descriptions) {
    if (tensors.has(name)) throw damaged(fileName, `tensor ${name} twice`, 'each name once');
    tensors.set(name, locate(fileName, name, dims, typeId, dataStart + offset, fileBytes));
  }
  return { metadata, tensors };
}

function locate(
  fileName: string,
  name: string,
  dims: readonly number[],
  typeId: number,
  offset: number,
  fileBytes: number,
): GgufTensor {
  const facts = ggufTypeOf(typeId);
  if (facts === undefined) {
    throw new WebLoraError('unsupported', `${fileName}: tensor ${name}`, {
      got: `type ${OTHER_TYPES.get(typeId) ?? typeId}`,
      wanted: GGUF_TYPES.join(', '),
      fix: 'choose a file of the model in another quantisation, Q4_K_M or Q8_0 for instance',
    });
  }
  const { type, blockElems, blockBytes } = facts;
  const [cols = 1] = dims;
  if (cols % blockElems !== 0) {
    throw damaged(fileName, `tensor ${name} of ${type} with rows of ${cols} values`, `a multiple of ${blockElems}`);
  }
  const byteLength = (countElems(dims) / blockElems) * blockBytes;
  if (!Number.isSafeInteger(byteLength) || offset + byteLength > fileBytes) {
    throw damaged(fileName, `${fileBytes} bytes`, `tensor ${name} up to byte ${offset + byteLength}`);
  }
  return { type, shape: [...dims].reverse(), offset, byteLength };
}

/** Types that exist but are not read, so that a message can name them: ggml's enum ggml_type. */
const OTHER_TYPES = new Map([
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

interface TensorDescription {
  readonly name: string;
  readonly dims: readonly number[];
  readonly typeId: number;
  /** Counted from the start of the tensor bytes. */
  readonly offset: number;
}

// ignoreBOM: a vocabulary has U+FEFF as a token.
const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true });

class Cursor {
  offset = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #fileName: string;

  constructor(bytes: Uint8Array, fileName: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#fileName = fileName;
  }

  #advance(length: number): number {
    const from = this.offset;
    if (from + length > this.#bytes.length) throw new HeaderGoesOn();
    this.offset = from + length;
    return from;
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  /** A u64 that counts or measures something. */
  count(): number {
    const count = Number(this.#view.getBigUint64(this.#advance(8), true));
    if (!Number.isSafeInteger(count)) throw damaged(this.#fileName, `a length of ${count}`, 'one below 2^53');
    return count;
  }

  text(): string {
    const length = this.count();
    const from = this.#advance(length);
    return UTF8.decode(this.#bytes.subarray(from, from + length));
  }

  /** By the file's type number: gguf_metadata_value_type. */
  value(type: number, depth: number): GgufValue {
    const view = this.#view;
    switch (type) {
      case 0:
        return view.getUint8(this.#advance(1));
      case 1:
        return view.getInt8(this.#advance(1));
      case 2:
        return view.getUint16(this.#advance(2), true);
      case 3:
        return view.getInt16(this.#advance(2), true);
      case 4:
        return this.u32();
      case 5:
        return view.getInt32(this.#advance(4), true);
      case 6:
        return view.getFloat32(this.#advance(4), true);
      case 7:
        return view.getUint8(this.#advance(1)) !== 0;
      case 8:
        return this.text();
      case 9:
        return this.#array(depth);
      case 10:
        return Number(view.getBigUint64(this.#advance(8), true));
      case 11:
        return Number(view.getBigInt64(this.#advance(8), true));
      case 12:
        return view.getFloat64(this.#advance(8), true);
      default:
        throw damaged(this.#fileName, `a metadata value of type ${type}`, 'a type from 0 to 12');
    }
  }

  #array(depth: number): readonly GgufValue[] {
    if (depth === MAX_ARRAY_DEPTH) throw damaged(this.#fileName, 'lists within lists', `at most ${MAX_ARRAY_DEPTH}`);
    const type = this.u32();
    const length = this.count();
    const values: GgufValue[] = [];
    for (let i = 0; i < length; i++) values.push(this.value(type, depth + 1));
    return values;
  }

  tensor(): TensorDescription {
    const name = this.text();
    const rank = this.u32();
    if (rank > 4) throw damaged(this.#fileName, `tensor ${name} with ${rank} dimensions`, 'at most 4');
    const dims = Array.from({ length: rank }, () => this.count());
    return { name, dims, typeId: this.u32(), offset: this.count() };
  }
}

function damaged(fileName: string, got: string, wanted: string): WebLoraError {
  return new WebLoraError('bad-file', fileName, {
    got,
    wanted,
    fix: 'the file is truncated or damaged, fetch it again',
  });
}
