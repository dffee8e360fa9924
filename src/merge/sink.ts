import { Zip, ZipPassThrough } from 'fflate';
import { FIXED_DATE } from '../adapters/zip.ts';
import { WebLoraError } from '../errors.ts';
import { joinPath } from '../storage/paths.ts';
import type { FileStore, FileWriter } from '../storage/store.ts';

/** A file that is written from its first byte to its last. */
export interface SinkFile {
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/**
 * Where the files of a model go. None of them is there under its name before `commit`: a stopped or failed export leaves
 * nothing that could be taken for a model.
 */
export interface ModelSink {
  /** Opens the next file; the one before is closed. */
  open(name: string): Promise<SinkFile>;
  commit(): Promise<void>;
  /** Removes what was written. */
  discard(): Promise<void>;
}

const PART = '.part';

/** Files below `folder` of a store; '' for its root. */
export function storeSink(store: FileStore, folder: string): ModelSink {
  const written: string[] = [];
  let open: FileWriter | undefined;
  return {
    open: async (name) => {
      const path = joinPath(folder, name);
      await store.remove(path + PART);
      const writer = await store.openWriter(path + PART);
      written.push(path);
      open = writer;
      let offset = 0;
      return {
        write: async (bytes) => {
          await writer.writeAt(offset, bytes);
          offset += bytes.byteLength;
        },
        close: () => writer.close(),
      };
    },
    commit: async () => {
      for (const path of written) await store.replace(path + PART, path);
    },
    discard: async () => {
      // On a full disk this may fail as the write did, and what is removed need not be on the disk.
      await open?.close().catch(() => undefined);
      for (const path of written) await store.remove(path + PART);
      if (folder !== '' && (await store.list(folder)).length === 0) await store.remove(folder);
    },
  };
}

/**
 * A file or a folder that a person picked. The browser keeps what is written aside until a file's stream is closed.
 * @param handle a folder for a model of several files
 */
export function handleSink(handle: FileSystemFileHandle | FileSystemDirectoryHandle): ModelSink {
  const streams: FileSystemWritableFileStream[] = [];
  const made: string[] = [];
  const fileIn = async (folder: FileSystemDirectoryHandle, name: string): Promise<FileSystemFileHandle> => {
    const known = await folder.getFileHandle(name).catch(() => undefined);
    if (known !== undefined) return known;
    made.push(name);
    return folder.getFileHandle(name, { create: true });
  };
  return {
    open: async (name) => {
      const file = handle.kind === 'file' ? handle : await fileIn(handle, name);
      const stream = await file.createWritable();
      streams.push(stream);
      return { write: (bytes) => stream.write(bytes as Uint8Array<ArrayBuffer>), close: () => Promise.resolve() };
    },
    commit: async () => {
      for (const stream of streams) await stream.close();
    },
    discard: async () => {
      await Promise.allSettled(streams.map((stream) => stream.abort()));
      if (handle.kind === 'directory') await Promise.allSettled(made.map((name) => handle.removeEntry(name)));
    },
  };
}

/** A zip without Zip64, which not every program reads, counts to here. */
const MOST_ZIP_BYTES = 2 ** 32 - 2 ** 20;

/** A zip that is being written, and where in it each file lies: a stored entry can be read as it is. */
export interface ZipSink extends ModelSink {
  readonly entries: ReadonlyMap<string, { readonly offset: number; readonly size: number }>;
}

/** All files as one zip in `sink`, none compressed: weights hardly shrink. @throws `unsupported` over 4 GB */
export function zipSink(sink: ModelSink, zipName: string, mostBytes = MOST_ZIP_BYTES): ZipSink {
  const ready: Uint8Array[] = [];
  let failure: Error | undefined;
  const zip = new Zip((error, chunk) => {
    if (error) failure = error;
    else ready.push(chunk);
  });
  const entries = new Map<string, { readonly offset: number; readonly size: number }>();
  let file: SinkFile | undefined;
  let total = 0;
  const drain = async (): Promise<void> => {
    file ??= await sink.open(zipName);
    if (failure !== undefined) throw failure;
    for (const chunk of ready.splice(0)) {
      total += chunk.byteLength;
      if (total > mostBytes) {
        throw new WebLoraError('unsupported', `${zipName}: a zip of the merged model`, {
          got: 'more than 4 GB',
          wanted: 'less',
          fix: 'export it into a folder, or as one GGUF file',
        });
      }
      await file.write(chunk);
    }
  };
  return {
    entries,
    open: async (name) => {
      const entry = new ZipPassThrough(name);
      entry.mtime = FIXED_DATE;
      zip.add(entry);
      // The entry's head comes with its first bytes.
      entry.push(new Uint8Array());
      await drain();
      const offset = total;
      return {
        write: async (bytes) => {
          entry.push(bytes);
          await drain();
        },
        close: async () => {
          entries.set(name, { offset, size: total - offset });
          entry.push(new Uint8Array(), true);
          await drain();
        },
      };
    },
    commit: async () => {
      zip.end();
      await drain();
      await file?.close();
      await sink.commit();
    },
    discard: () => sink.discard(),
  };
}
