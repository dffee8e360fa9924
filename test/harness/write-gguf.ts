import { f32ArrayToBf16, f32ArrayToF16, f32ToF16 } from '../../src/formats/float.ts';

/** A metadata value with its type in the file; plain texts, flags and lists of texts need none. */
export type MetadataValue =
  | string
  | boolean
  | { readonly u32: number }
  | { readonly u64: number }
  | { readonly f32: number }
  | { readonly strings: readonly string[] }
  | { readonly i32s: readonly number[] }
  | { readonly f32s: readonly number[] }
  | { readonly flags: readonly boolean[] };

export type WrittenType = 'F32' | 'F16' | 'BF16' | 'Q8_0';

export interface WrittenTensor {
  /** Outermost first; the file has the innermost first. */
  readonly shape: readonly number[];
  readonly type: WrittenType;
  readonly values: Float32Array;
}

/** Bytes of one type as they are, for types that only a test's own bytes have. */
export interface RawTensor {
  readonly shape: readonly number[];
  readonly typeId: number;
  readonly bytes: Uint8Array;
}

const TYPE_IDS = { F32: 0, F16: 1, Q8_0: 8, BF16: 30 } as const;

/** A GGUF v3 file, written from its specification (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md). */
export function writeGguf(
  metadata: Readonly<Record<string, MetadataValue>>,
  tensors: Readonly<Record<string, WrittenTensor | RawTensor>> = {},
  alignment = 32,
): Uint8Array<ArrayBuffer> {
  const out = new Bytes();
  out.raw(new TextEncoder().encode('GGUF'));
  out.u32(3);
  out.u64(Object.keys(tensors).length);
  out.u64(Object.keys(metadata).length);
  for (const [key, value] of Object.entries(metadata)) {
    out.text(key);
    writeValue(out, value);
  }
  let offset = 0;
  const bodies: Uint8Array[] = [];
  for (const [name, tensor] of Object.entries(tensors)) {
    const bytes = 'bytes' in tensor ? tensor.bytes : encode(tensor);
    out.text(name);
    out.u32(tensor.shape.length);
    for (const size of [...tensor.shape].reverse()) out.u64(size);
    out.u32('bytes' in tensor ? tensor.typeId : TYPE_IDS[tensor.type]);
    out.u64(offset);
    bodies.push(bytes);
    offset += Math.ceil(bytes.length / alignment) * alignment;
  }
  out.pad(alignment);
  for (const body of bodies) {
    out.raw(body);
    out.pad(alignment);
  }
  return out.done();
}

function writeValue(out: Bytes, value: MetadataValue): void {
  if (typeof value === 'string') {
    out.u32(8);
    out.text(value);
  } else if (typeof value === 'boolean') {
    out.u32(7);
    out.raw(Uint8Array.of(value ? 1 : 0));
  } else if ('u32' in value) {
    out.u32(4);
    out.u32(value.u32);
  } else if ('u64' in value) {
    out.u32(10);
    out.u64(value.u64);
  } else if ('f32' in value) {
    out.u32(6);
    out.raw(new Uint8Array(Float32Array.of(value.f32).buffer));
  } else if ('strings' in value) {
    out.list(8, value.strings.length);
    for (const text of value.strings) out.text(text);
  } else if ('i32s' in value) {
    out.list(5, value.i32s.length);
    out.raw(new Uint8Array(Int32Array.from(value.i32s).buffer));
  } else if ('flags' in value) {
    out.list(7, value.flags.length);
    out.raw(Uint8Array.from(value.flags, Number));
  } else {
    out.list(6, value.f32s.length);
    out.raw(new Uint8Array(Float32Array.from(value.f32s).buffer));
  }
}

function encode({ type, values }: WrittenTensor): Uint8Array {
  switch (type) {
    case 'F32':
      return new Uint8Array(values.slice().buffer);
    case 'F16':
      return new Uint8Array(f32ArrayToF16(values).buffer);
    case 'BF16':
      return new Uint8Array(f32ArrayToBf16(values).buffer);
    case 'Q8_0':
      return encodeQ8(values);
    default:
      return type satisfies never;
  }
}

/** ggml's reference: d = max|x| / 127, q = round(x / d) with halves away from zero, d stored as f16. */
function encodeQ8(values: Float32Array): Uint8Array {
  if (values.length % 32 !== 0) throw new Error(`${values.length} values are no whole blocks of 32`);
  const blocks = values.length / 32;
  const bytes = new Uint8Array(blocks * 34);
  const view = new DataView(bytes.buffer);
  for (let block = 0; block < blocks; block++) {
    const xs = values.subarray(block * 32, block * 32 + 32);
    const d = Math.fround(xs.reduce((most, x) => Math.max(most, Math.abs(x)), 0) / 127);
    const inverse = d === 0 ? 0 : 1 / d;
    view.setUint16(block * 34, f32ToF16(d), true);
    xs.forEach((x, i) => {
      const ratio = x * inverse;
      view.setInt8(block * 34 + 2 + i, Math.sign(ratio) * Math.floor(Math.abs(ratio) + 0.5));
    });
  }
  return bytes;
}

class Bytes {
  #bytes = new Uint8Array(4096);
  #length = 0;

  raw(bytes: Uint8Array): void {
    if (this.#length + bytes.length > this.#bytes.length) {
      const longer = new Uint8Array(2 * (this.#length + bytes.length));
      longer.set(this.#bytes);
      this.#bytes = longer;
    }
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  u32(value: number): void {
    this.raw(new Uint8Array(Uint32Array.of(value).buffer));
  }

  u64(value: number): void {
    this.raw(new Uint8Array(BigUint64Array.of(BigInt(value)).buffer));
  }

  text(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.u64(bytes.length);
    this.raw(bytes);
  }

  list(elementType: number, length: number): void {
    this.u32(9);
    this.u32(elementType);
    this.u64(length);
  }

  pad(alignment: number): void {
    this.raw(new Uint8Array((alignment - (this.#length % alignment)) % alignment));
  }

  done(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }
}
