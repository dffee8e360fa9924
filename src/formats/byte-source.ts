import { WebLoraError } from '../errors.ts';

/** Bytes that are read piece by piece: a file on disk, in OPFS, dropped on the page, or in memory. */
export interface ByteSource {
  /** Shown in error messages. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Hash of the whole content, hex, where it is known without reading it (a cache, a hub). */
  readonly sha256?: string;
  /** Each read asks a server: whoever only looks should read little. */
  readonly isRemote?: boolean;
  /**
   * Exactly `length` bytes from `offset`.
   * @throws WebLoraError `bad-file` when the range is not inside the source, `storage` when reading fails
   */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** @throws WebLoraError `bad-file` when [offset, offset + length) is not inside the source */
export function checkRange(source: Pick<ByteSource, 'name' | 'size'>, offset: number, length: number): void {
  if (Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0) {
    if (offset + length <= source.size) return;
  }
  throw new WebLoraError('bad-file', source.name, {
    got: `${source.size} bytes`,
    wanted: `${length} bytes from byte ${offset}`,
    fix: 'the file is truncated, fetch it again',
  });
}

/** A source over bytes already in memory; `read` returns views. */
export function memorySource(name: string, bytes: Uint8Array): ByteSource {
  const size = bytes.byteLength;
  return {
    name,
    size,
    read: async (offset, length) => {
      checkRange({ name, size }, offset, length);
      return bytes.subarray(offset, offset + length);
    },
  };
}

/** A source over a `File` or `Blob`; only the ranges asked for are read. */
export function blobSource(name: string, blob: Blob): ByteSource {
  const size = blob.size;
  return {
    name,
    size,
    read: async (offset, length) => {
      checkRange({ name, size }, offset, length);
      try {
        return new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer());
      } catch (cause) {
        throw new WebLoraError('storage', `${name} cannot be read`, { fix: 'choose the file again', cause });
      }
    },
  };
}
