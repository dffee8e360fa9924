import { memorySource } from '../formats/byte-source.ts';
import { alreadyLocked, diskFull, fileNotFound, folderNotEmpty, otherFailure } from './failures.ts';
import { joinPath, splitFile } from './paths.ts';
import type { FileStore, FolderEntry } from './store.ts';

/**
 * What may still be done before the store fails as a full disk does, leaving what was written until then. Once spent
 * the store stays as it is: to a reader it looks like the files of a process that died at that moment.
 */
export interface StoreFaults {
  /** Bytes that may still be written. */
  bytesLeft: number;
  /** Changes (write, append, truncate, remove, replace, makeDir) that may still be made. */
  operationsLeft: number;
}

export interface MemoryStore extends FileStore {
  readonly faults: StoreFaults;
}

/** Files in memory: where the browser grants no storage, and in tests. */
export function makeMemoryStore(): MemoryStore {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const folders = new Set<string>(['']);
  const locks = new Map<string, symbol>();
  const faults: StoreFaults = { bytesLeft: Infinity, operationsLeft: Infinity };

  function fileAt(path: string): Uint8Array<ArrayBuffer> {
    const bytes = files.get(joinPath(path));
    if (bytes === undefined) throw fileNotFound(path);
    return bytes;
  }

  function startChange(path: string): void {
    if (faults.operationsLeft <= 0 || faults.bytesLeft <= 0) throw diskFull(path);
    faults.operationsLeft--;
  }

  function addFolders(parts: readonly string[]): void {
    for (let count = 1; count <= parts.length; count++) {
      const folder = parts.slice(0, count).join('/');
      if (files.has(folder)) throw otherFailure(folder, 'a file where a folder is wanted');
      folders.add(folder);
    }
  }

  function setFile(path: string, before: Uint8Array, added: Uint8Array): void {
    const { folder, name } = splitFile(path);
    const key = joinPath(...folder, name);
    if (folders.has(key)) throw otherFailure(path, 'a folder where a file is wanted');
    addFolders(folder);
    const written = Math.min(added.byteLength, faults.bytesLeft);
    const bytes = new Uint8Array(before.byteLength + written);
    bytes.set(before);
    bytes.set(added.subarray(0, written), before.byteLength);
    files.set(key, bytes);
    faults.bytesLeft -= written;
    if (written < added.byteLength) throw diskFull(path);
  }

  function contentOf(folder: string): string[] {
    const prefix = folder === '' ? '' : `${folder}/`;
    return [...files.keys(), ...folders].filter((key) => key !== '' && key !== folder && key.startsWith(prefix));
  }

  return {
    description: 'memory',
    isPersistent: false,
    faults,
    read: async (path) => fileAt(path).slice(),
    readText: async (path) => new TextDecoder().decode(fileAt(path)),
    write: async (path, content) => {
      startChange(path);
      setFile(path, new Uint8Array(0), typeof content === 'string' ? new TextEncoder().encode(content) : content);
    },
    append: async (path, text) => {
      startChange(path);
      setFile(path, files.get(joinPath(path)) ?? new Uint8Array(0), new TextEncoder().encode(text));
    },
    truncate: async (path, sizeBytes) => {
      startChange(path);
      files.set(joinPath(path), fileAt(path).slice(0, sizeBytes));
    },
    list: async (folder) => {
      const key = joinPath(folder);
      if (files.has(key)) throw otherFailure(folder, 'a file where a folder is wanted');
      const depth = key === '' ? 0 : key.split('/').length;
      return contentOf(key)
        .filter((path) => path.split('/').length === depth + 1)
        .map((path): FolderEntry => ({ name: splitFile(path).name, kind: files.has(path) ? 'file' : 'folder' }))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
    },
    exists: async (path) => files.has(joinPath(path)) || folders.has(joinPath(path)),
    size: async (path) => fileAt(path).byteLength,
    remove: async (path, { recursive = false } = {}) => {
      startChange(path);
      const key = joinPath(path);
      const content = contentOf(key);
      if (content.length > 0 && !recursive) throw folderNotEmpty(path);
      for (const gone of key === '' ? content : [key, ...content]) {
        files.delete(gone);
        folders.delete(gone);
      }
    },
    replace: async (from, to) => {
      startChange(to);
      const bytes = fileAt(from);
      const { folder, name } = splitFile(to);
      const key = joinPath(...folder, name);
      if (folders.has(key)) throw otherFailure(to, 'a folder where a file is wanted');
      addFolders(folder);
      files.delete(joinPath(from));
      files.set(key, bytes);
    },
    makeDir: async (path) => {
      startChange(path);
      addFolders(joinPath(path).split('/').filter(Boolean));
    },
    lock: async (path) => {
      const key = joinPath(path);
      if (locks.has(key)) throw alreadyLocked(path, 'this program', 'wait for the other run to end or stop it');
      const token = Symbol(key);
      locks.set(key, token);
      return {
        release: async () => {
          if (locks.get(key) === token) locks.delete(key);
        },
      };
    },
    open: async (path) => memorySource(path, fileAt(path)),
    blob: async (path) => new Blob([fileAt(path)]),
    openWriter: async (path) => {
      if (!files.has(joinPath(path))) {
        startChange(path);
        setFile(path, new Uint8Array(0), new Uint8Array(0));
      }
      return {
        writeAt: async (offset, bytes) => {
          startChange(path);
          const before = fileAt(path);
          const written = bytes.subarray(0, Math.min(bytes.byteLength, faults.bytesLeft));
          const after = new Uint8Array(Math.max(before.byteLength, offset + written.byteLength));
          after.set(before);
          after.set(written, offset);
          files.set(joinPath(path), after);
          faults.bytesLeft -= written.byteLength;
          if (written.byteLength < bytes.byteLength) throw diskFull(path);
        },
        flush: async () => undefined,
        close: async () => undefined,
      };
    },
    freeBytes: async () => undefined,
  };
}
