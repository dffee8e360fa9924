import { WebLoraError } from '../errors.ts';
import type { ByteSource } from './byte-source.ts';
import { bf16ArrayToF32, f16ArrayToF32 } from './float.ts';
import { firstRepeatedKey } from './json-keys.ts';
import { isJsonObject } from '../json.ts';

/**
 * The safetensors container: u64 header length, JSON header, tensor bytes without gaps, all little-endian.
 * Source: https://github.com/huggingface/safetensors (format section). Like the reference reader this one accepts no
 * overlaps, no gaps and no bytes that belong to no tensor.
 */

const BYTES_PER_ELEMENT = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
} as const;

export type SafetensorsDtype = keyof typeof BYTES_PER_ELEMENT;

/** What the header says of one tensor. */
export interface SafetensorsEntry {
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  /** First byte, counted from the start of the file. */
  readonly offset: number;
  readonly byteLength: number;
}

export interface SafetensorsHeader {
  readonly entries: ReadonlyMap<string, SafetensorsEntry>;
  readonly metadata: ReadonlyMap<string, string>;
}

export interface SafetensorsTensor {
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  /** Little-endian elements, row-major. */
  readonly bytes: Uint8Array;
}

export interface SafetensorsFile extends SafetensorsHeader {
  readonly name: string;
  /** Reads one tensor. @throws WebLoraError `bad-file` when the file has no such tensor */
  load(tensorName: string): Promise<SafetensorsTensor>;
  /** Rows [from, to) along the first dimension. Throws as `load`. */
  loadRows(tensorName: string, from: number, to: number): Promise<SafetensorsTensor>;
}

/** The reference implementation's limit; a longer header is a damaged length field. */
const MAX_HEADER_BYTES = 100_000_000;
const LENGTH_BYTES = 8;

/**
 * Reads and checks the header of a whole file's bytes.
 * @throws WebLoraError `bad-file` for every way in which header and bytes can contradict the format
 */
export function parseSafetensorsHeader(bytes: Uint8Array, fileName = 'safetensors file'): SafetensorsHeader {
  const headerBytes = headerLength(bytes.subarray(0, LENGTH_BYTES), bytes.byteLength, fileName);
  return parseHeaderJson(
    bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + headerBytes),
    bytes.byteLength - LENGTH_BYTES - headerBytes,
    fileName,
  );
}

/** Reads a whole file in memory; the tensors are views of `bytes`. Throws as {@link parseSafetensorsHeader}. */
export function readSafetensors(
  bytes: Uint8Array,
  fileName = 'safetensors file',
): { tensors: Map<string, SafetensorsTensor>; metadata: ReadonlyMap<string, string> } {
  const { entries, metadata } = parseSafetensorsHeader(bytes, fileName);
  const tensors = new Map<string, SafetensorsTensor>();
  for (const [name, { dtype, shape, offset, byteLength }] of entries) {
    tensors.set(name, { dtype, shape, bytes: bytes.subarray(offset, offset + byteLength) });
  }
  return { tensors, metadata };
}

/** Reads only the header of a source; tensors are loaded one by one. Throws as {@link parseSafetensorsHeader}. */
export async function openSafetensors(source: ByteSource): Promise<SafetensorsFile> {
  const lengthField = await source.read(0, Math.min(LENGTH_BYTES, source.size));
  const headerBytes = headerLength(lengthField, source.size, source.name);
  const header = parseHeaderJson(
    await source.read(LENGTH_BYTES, headerBytes),
    source.size - LENGTH_BYTES - headerBytes,
    source.name,
  );
  const entryOf = (tensorName: string): SafetensorsEntry => {
    const entry = header.entries.get(tensorName);
    if (entry === undefined) throw damaged(source.name, { wanted: `a tensor named ${tensorName}` });
    return entry;
  };
  return {
    ...header,
    name: source.name,
    load: async (tensorName) => {
      const { dtype, shape, offset, byteLength } = entryOf(tensorName);
      return { dtype, shape, bytes: await source.read(offset, byteLength) };
    },
    loadRows: async (tensorName, from, to) => {
      const { dtype, shape, offset } = entryOf(tensorName);
      const [rows = 0, ...rest] = shape;
      if (!(from >= 0 && from <= to && to <= rows)) {
        throw new WebLoraError('internal', `${source.name}: tensor ${tensorName}`, {
          got: `rows [${from}, ${to})`,
          wanted: `rows within [0, ${rows})`,
        });
      }
      const rowBytes = countElems(rest) * bytesPerElement(dtype);
      const bytes = await source.read(offset + from * rowBytes, (to - from) * rowBytes);
      return { dtype, shape: [to - from, ...rest], bytes };
    },
  };
}

/** A tensor whose bytes follow its file's header. */
export interface SafetensorsPlan {
  readonly name: string;
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
}

/**
 * Everything of a file before its first tensor byte, and the order in which the tensors' bytes follow, without gaps: by
 * falling element size (so that each is aligned to its own element, as the reference writer does), then by name.
 */
export function safetensorsHeader<Plan extends SafetensorsPlan>(
  tensors: readonly Plan[],
  metadata: Readonly<Record<string, string>> = {},
): { readonly bytes: Uint8Array<ArrayBuffer>; readonly order: readonly Plan[] } {
  const order = [...tensors].sort(
    (a, b) => bytesPerElement(b.dtype) - bytesPerElement(a.dtype) || (a.name < b.name ? -1 : 1),
  );
  const header: [string, unknown][] = [];
  const metadataEntries = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  if (metadataEntries.length > 0) header.push(['__metadata__', Object.fromEntries(metadataEntries)]);
  let dataBytes = 0;
  for (const plan of order) {
    const { name, dtype, shape } = plan;
    if (name === '__metadata__') throw new WebLoraError('internal', 'safetensors: a tensor named __metadata__');
    const end = dataBytes + safetensorsBytes(plan);
    header.push([name, { dtype, shape, data_offsets: [dataBytes, end] }]);
    dataBytes = end;
  }
  // Written pair by pair: an object would reorder names that look like numbers.
  const json = `{${header.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`;
  const headerText = new TextEncoder().encode(json);
  const headerBytes = Math.ceil(headerText.byteLength / 8) * 8;
  const bytes = new Uint8Array(LENGTH_BYTES + headerBytes).fill(0x20, LENGTH_BYTES);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true);
  bytes.set(headerText, LENGTH_BYTES);
  return { bytes, order };
}

/** Bytes of a tensor in a file. */
export function safetensorsBytes({ dtype, shape }: Pick<SafetensorsPlan, 'dtype' | 'shape'>): number {
  return countElems(shape) * bytesPerElement(dtype);
}

/**
 * Encodes a file. The same tensors and metadata always give the same bytes.
 * @throws WebLoraError `internal` when bytes contradict dtype and shape
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, SafetensorsTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const { bytes: header, order } = safetensorsHeader(
    [...tensors].map(([name, tensor]) => ({ name, ...tensor })),
    metadata,
  );
  const file = new Uint8Array(order.reduce((sum, plan) => sum + safetensorsBytes(plan), header.byteLength));
  file.set(header);
  let at = header.byteLength;
  for (const { name, dtype, shape, bytes } of order) {
    if (bytes.byteLength !== safetensorsBytes({ dtype, shape })) {
      throw new WebLoraError('internal', `writeSafetensors: tensor ${name}`, {
        got: `${bytes.byteLength} bytes`,
        wanted: `${dtype} [${shape.join(', ')}]`,
      });
    }
    file.set(bytes, at);
    at += bytes.byteLength;
  }
  return file;
}

/** An F32 tensor over the memory of `values`. */
export function float32Tensor(values: Float32Array, shape: readonly number[]): SafetensorsTensor {
  return { dtype: 'F32', shape, bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) };
}

/**
 * The elements as f32. For F32 this may be a view of the tensor's memory: copy before writing to it.
 * @throws WebLoraError `unsupported` for dtypes that hold no plain floats
 */
export function tensorToFloat32(tensor: SafetensorsTensor, name = 'tensor'): Float32Array {
  switch (tensor.dtype) {
    case 'F32':
      return viewElements(tensor.bytes, Float32Array);
    case 'F64':
      return Float32Array.from(viewElements(tensor.bytes, Float64Array));
    case 'F16':
      return f16ArrayToF32(viewElements(tensor.bytes, Uint16Array));
    case 'BF16':
      return bf16ArrayToF32(viewElements(tensor.bytes, Uint16Array));
    default:
      throw new WebLoraError('unsupported', `${name}: dtype`, {
        got: tensor.dtype,
        wanted: 'F32, F16, BF16 or F64',
        fix: 'convert the weights to one of these',
      });
  }
}

export function countElems(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

export function bytesPerElement(dtype: SafetensorsDtype): number {
  return BYTES_PER_ELEMENT[dtype];
}

interface ElementArray<T> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): T;
}

/** A view where the bytes are aligned to the element, else a copy. */
function viewElements<T>(bytes: Uint8Array, ElementType: ElementArray<T>): T {
  const aligned = bytes.byteOffset % ElementType.BYTES_PER_ELEMENT === 0 ? bytes : new Uint8Array(bytes);
  return new ElementType(aligned.buffer, aligned.byteOffset, aligned.byteLength / ElementType.BYTES_PER_ELEMENT);
}

function headerLength(lengthField: Uint8Array, fileBytes: number, fileName: string): number {
  if (fileBytes < LENGTH_BYTES) {
    throw damaged(fileName, { got: `${fileBytes} bytes`, wanted: 'at least 8 bytes for the header length' });
  }
  const view = new DataView(lengthField.buffer, lengthField.byteOffset, LENGTH_BYTES);
  const length = Number(view.getBigUint64(0, true));
  if (length > MAX_HEADER_BYTES) {
    throw damaged(fileName, {
      got: `a header of ${length} bytes`,
      wanted: `at most ${MAX_HEADER_BYTES}`,
      fix: 'check that it is a safetensors file',
    });
  }
  if (LENGTH_BYTES + length > fileBytes) {
    throw damaged(fileName, { got: `${fileBytes} bytes`, wanted: `a header of ${length} bytes and tensors after it` });
  }
  return length;
}

function parseHeaderJson(headerBytes: Uint8Array, dataBytes: number, fileName: string): SafetensorsHeader {
  const dataStart = LENGTH_BYTES + headerBytes.byteLength;
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(headerBytes);
    header = JSON.parse(text);
  } catch (cause) {
    throw damaged(fileName, { got: 'a header that is not JSON', wanted: 'a JSON object', cause });
  }
  if (!isJsonObject(header))
    throw damaged(fileName, { got: 'a header that is not an object', wanted: 'a JSON object' });
  const repeated = firstRepeatedKey(text);
  if (repeated !== undefined) {
    throw damaged(fileName, { got: `tensor ${repeated} twice`, wanted: 'each name once' });
  }

  const entries = new Map<string, SafetensorsEntry>();
  let metadata = new Map<string, string>();
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') metadata = parseMetadata(value, fileName);
    else entries.set(name, parseEntry(name, value, dataStart, fileName));
  }
  checkLayout(entries, dataStart, dataBytes, fileName);
  return { entries, metadata };
}

function parseMetadata(value: unknown, fileName: string): Map<string, string> {
  const metadata = new Map<string, string>();
  if (value === null) return metadata; // MLX writes null where there is none
  if (!isJsonObject(value))
    throw damaged(fileName, { got: '__metadata__ that is not an object', wanted: 'texts by name' });
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') {
      throw damaged(fileName, { got: `__metadata__.${key} of type ${typeof text}`, wanted: 'a text' });
    }
    metadata.set(key, text);
  }
  return metadata;
}

function parseEntry(name: string, value: unknown, dataStart: number, fileName: string): SafetensorsEntry {
  const { dtype, shape, data_offsets: range } = isJsonObject(value) ? value : {};
  if (!isSizes(shape) || !isSizes(range) || range.length !== 2) {
    throw damaged(fileName, {
      got: `tensor ${name} as ${JSON.stringify(value)}`,
      wanted: 'dtype, shape and data_offsets [begin, end]',
    });
  }
  if (typeof dtype !== 'string' || !isDtype(dtype)) {
    throw damaged(fileName, {
      got: `tensor ${name} of dtype ${JSON.stringify(dtype)}`,
      wanted: `one of ${Object.keys(BYTES_PER_ELEMENT).join(', ')}`,
      fix: 'convert the weights to F32, F16 or BF16',
    });
  }
  const [begin = 0, end = 0] = range;
  const byteLength = countElems(shape) * BYTES_PER_ELEMENT[dtype];
  if (end - begin !== byteLength) {
    throw damaged(fileName, {
      got: `tensor ${name} with ${end - begin} bytes`,
      wanted: `${byteLength} for ${dtype} [${shape.join(', ')}]`,
    });
  }
  return { dtype, shape, offset: dataStart + begin, byteLength };
}

/** Tensors must tile the bytes after the header: no overlap, no gap, nothing past the end, nothing left over. */
function checkLayout(
  entries: ReadonlyMap<string, SafetensorsEntry>,
  dataStart: number,
  dataBytes: number,
  fileName: string,
): void {
  const byOffset = [...entries].sort(([, a], [, b]) => a.offset - b.offset || a.byteLength - b.byteLength);
  let end = dataStart;
  let previous = 'the header';
  for (const [name, { offset, byteLength }] of byOffset) {
    if (offset + byteLength > dataStart + dataBytes) {
      throw damaged(fileName, {
        got: `${dataStart + dataBytes} bytes`,
        wanted: `tensor ${name} up to byte ${offset + byteLength}`,
      });
    }
    if (offset !== end) {
      const found = offset < end ? `tensor ${name} overlapping ${previous}` : `a gap before tensor ${name}`;
      throw damaged(fileName, { got: found, wanted: 'tensors one after the other' });
    }
    end = offset + byteLength;
    previous = `tensor ${name}`;
  }
  if (end !== dataStart + dataBytes) {
    throw damaged(fileName, {
      got: `${dataStart + dataBytes - end} bytes after the last tensor`,
      wanted: `a file of ${end} bytes`,
    });
  }
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && Number(size) >= 0);
}

function isDtype(name: string): name is SafetensorsDtype {
  return Object.hasOwn(BYTES_PER_ELEMENT, name);
}

function damaged(
  fileName: string,
  parts: { got?: string; wanted: string; fix?: string; cause?: unknown },
): WebLoraError {
  return new WebLoraError('bad-file', fileName, { fix: 'the file is truncated or damaged, fetch it again', ...parts });
}
