import type { ByteSource } from '../formats/byte-source.ts';

export interface FolderEntry {
  readonly name: string;
  readonly kind: 'file' | 'folder';
}

/** A held lock; `release` may be called twice. */
export interface Lock {
  release(): Promise<void>;
}

/** A file held open for writing at any offset; one writer per file at a time. */
export interface FileWriter {
  /** Writes all of `bytes` at `offset`; bytes that were skipped read as zeros. */
  writeAt(offset: number, bytes: Uint8Array): Promise<void>;
  /** What was written survives the death of the process. */
  flush(): Promise<void>;
  /** Flushes and closes; may be called twice. */
  close(): Promise<void>;
}

/**
 * Files below one root. Paths are relative, with `/` between parts; '' is the root; `..` is refused. Folders on the way
 * to a written file are made. Failures are WebLoraErrors: `file-not-found`, `locked`, or `storage` with advice
 * (disk full, no permission).
 */
export interface FileStore {
  /** For messages: where the root is. */
  readonly description: string;
  /** Whether files outlive the tab or process. */
  readonly isPersistent: boolean;
  /** A copy of the whole file. */
  read(path: string): Promise<Uint8Array<ArrayBuffer>>;
  /** The whole file as UTF-8. */
  readText(path: string): Promise<string>;
  /** The whole file, replaced and flushed. Not atomic: write beside it and `replace` where that matters. */
  write(path: string, content: Uint8Array | string): Promise<void>;
  /** Adds to the end, making the file if there is none. Survives the death of the process, not a power cut. */
  append(path: string, text: string): Promise<void>;
  /** Cuts a file back to its first `sizeBytes` bytes. */
  truncate(path: string, sizeBytes: number): Promise<void>;
  /** Entries of a folder, sorted by name; empty when there is no such folder. */
  list(folder: string): Promise<FolderEntry[]>;
  /** Whether there is a file or folder of that path. */
  exists(path: string): Promise<boolean>;
  /** Bytes of a file. */
  size(path: string): Promise<number>;
  /** Removes a file or folder; nothing there is not an error, a folder with content needs `recursive`. */
  remove(path: string, options?: { readonly recursive?: boolean }): Promise<void>;
  /** Moves a file over another (or to a new name). A reader sees the old or the new file, never a mixture. */
  replace(from: string, to: string): Promise<void>;
  makeDir(path: string): Promise<void>;
  /**
   * Takes the lock of that path, and refuses while another live writer has it; what a dead one left is taken over.
   * @throws WebLoraError `locked`
   */
  lock(path: string): Promise<Lock>;
  /** The file for reading in pieces. */
  open(path: string): Promise<ByteSource>;
  /** The file as a Blob, which the browser reads from its storage as it is used; a copy in memory elsewhere. */
  blob(path: string): Promise<Blob>;
  /** The file for writing in pieces, made if there is none; what it holds stays. */
  openWriter(path: string): Promise<FileWriter>;
  /** Bytes that may still be written here; undefined where the system does not say. */
  freeBytes(): Promise<number | undefined>;
}
