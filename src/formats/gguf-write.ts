import { WebLoraError } from '../errors.ts';
import type { GgufType } from './gguf-blocks.ts';
import { ggufBytes, ggufFacts } from './gguf-blocks.ts';
import { countElems } from './safetensors.ts';

/** Types of metadata values, by the numbers of the specification. */
const VALUE_TYPES = { u32: 4, i32: 5, f32: 6, bool: 7, string: 8, array: 9, u64: 10 } as const;

/** A metadata value with its type in the file. */
export type GgufMetadataValue =
  | { readonly type: 'u32' | 'i32' | 'f32' | 'u64'; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'array'; readonly of: 'u32' | 'i32' | 'f32'; readonly value: readonly number[] }
  | { readonly type: 'array'; readonly of: 'bool'; readonly value: readonly boolean[] }
  | { readonly type: 'array'; readonly of: 'string'; readonly value: readonly string[] };

export type GgufMetadata = ReadonlyMap<string, GgufMetadataValue>;

export interface GgufTensorPlan {
  readonly name: string;
  /** Outermost first; the file has the innermost first. */
  readonly shape: readonly number[];
  readonly type: GgufType;
}

const ALIGNMENT = 32;

/**
 * Everything of a GGUF v3 file before its first tensor byte. The tensors' bytes follow in the order given, each padded
 * to {@link ggufPaddedBytes}, so that a file can be written tensor by tensor.
 * Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.
 */
export function ggufHeader(metadata: GgufMetadata, tensors: readonly GgufTensorPlan[]): Uint8Array<ArrayBuffer> {
  const out = new ByteWriter();
  out.raw(new TextEncoder().encode('GGUF'));
  out.u32(3);
  out.u64(tensors.length);
  out.u64(metadata.size);
  for (const [key, value] of metadata) {
    out.text(key);
    writeValue(out, value);
  }
  let offset = 0;
  for (const tensor of tensors) {
    out.text(tensor.name);
    out.u32(tensor.shape.length);
    for (const size of [...tensor.shape].reverse()) out.u64(size);
    out.u32(ggufFacts(tensor.type).id);
    out.u64(offset);
    offset += ggufPaddedBytes(tensor);
  }
  out.pad();
  return out.done();
}

/** Bytes of a tensor in the file, padding included. @throws `bad-file` when its rows are no whole blocks */
export function ggufPaddedBytes({ name, shape, type }: GgufTensorPlan): number {
  const cols = shape.at(-1) ?? 1;
  return padded(ggufBytes(type, countElems(shape) / cols, cols, name));
}

/** A whole file in memory: for adapters and small models. */
export function writeGguf(
  metadata: GgufMetadata,
  tensors: readonly (GgufTensorPlan & { readonly bytes: Uint8Array })[],
): Uint8Array<ArrayBuffer> {
  const header = ggufHeader(metadata, tensors);
  const file = new Uint8Array(tensors.reduce((sum, tensor) => sum + ggufPaddedBytes(tensor), header.length));
  file.set(header);
  let at = header.length;
  for (const tensor of tensors) {
    if (padded(tensor.bytes.length) !== ggufPaddedBytes(tensor))
      throw new WebLoraError('internal', `GGUF tensor ${tensor.name}: ${tensor.bytes.length} bytes`);
    file.set(tensor.bytes, at);
    at += ggufPaddedBytes(tensor);
  }
  return file;
}

function padded(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

function writeValue(out: ByteWriter, value: GgufMetadataValue): void {
  out.u32(VALUE_TYPES[value.type]);
  if (value.type !== 'array') {
    writeScalar(out, value.type, value.value);
    return;
  }
  out.u32(VALUE_TYPES[value.of]);
  out.u64(value.value.length);
  for (const each of value.value) writeScalar(out, value.of, each);
}

function writeScalar(
  out: ByteWriter,
  type: Exclude<keyof typeof VALUE_TYPES, 'array'>,
  value: number | string | boolean,
): void {
  if (type === 'string') out.text(String(value));
  else if (type === 'bool') out.raw(Uint8Array.of(value === true ? 1 : 0));
  else if (type === 'u64') out.u64(Number(value));
  else if (type === 'f32') out.raw(new Uint8Array(Float32Array.of(Number(value)).buffer));
  else out.u32(Number(value));
}

class ByteWriter {
  readonly #encoder = new TextEncoder();
  #bytes = new Uint8Array(4096);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  raw(bytes: Uint8Array): void {
    const at = this.#take(bytes.length);
    this.#bytes.set(bytes, at);
  }

  u32(value: number): void {
    const at = this.#take(4);
    this.#view.setUint32(at, value, true);
  }

  u64(value: number): void {
    const at = this.#take(8);
    this.#view.setBigUint64(at, BigInt(value), true);
  }

  text(text: string): void {
    const bytes = this.#encoder.encode(text);
    this.u64(bytes.length);
    this.raw(bytes);
  }

  /** Room for so many more bytes. @returns where they begin */
  #take(count: number): number {
    const at = this.#length;
    if (at + count > this.#bytes.length) {
      const longer = new Uint8Array(2 * (at + count));
      longer.set(this.#bytes);
      this.#bytes = longer;
      this.#view = new DataView(longer.buffer);
    }
    this.#length += count;
    return at;
  }

  pad(): void {
    this.raw(new Uint8Array(padded(this.#length) - this.#length));
  }

  done(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }
}
