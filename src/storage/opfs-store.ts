import { blobSource } from '../formats/byte-source.ts';
import { WebLoraError } from '../errors.ts';
import { alreadyLocked, diskFull, fileNotFound, folderNotEmpty, noPermission, otherFailure } from './failures.ts';
import { joinPath, splitFile, splitPath } from './paths.ts';
import { makeMemoryStore } from './memory-store.ts';
import type { FileStore, FileWriter, FolderEntry, Lock } from './store.ts';

/** What is done to an open file, whichever of the two writing interfaces the browser gives this thread. */
interface OpenFile {
  sizeBytes(): Promise<number>;
  writeAt(offset: number, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  truncate(sizeBytes: number): Promise<void>;
  flush(): Promise<void>;
  /** Flushes and closes. */
  finish(): Promise<void>;
  /** Closes after a failure. */
  abandon(): Promise<void>;
}

/**
 * Files of the origin private file system; in memory, until the tab closes, in a browser that has none, such as
 * WebKitGTK, or refuses it when it is used, as some private windows do.
 */
export async function openBrowserStore(folderName = 'web-lora'): Promise<FileStore> {
  if (typeof navigator === 'undefined' || typeof navigator.storage?.getDirectory !== 'function')
    return makeMemoryStore();
  let store: FileStore | undefined;
  try {
    store = await makeOpfsStore(folderName);
    // Another tab may be trying at the same moment.
    const trial = `.trial-${crypto.randomUUID()}`;
    try {
      await store.write(trial, 'x');
    } finally {
      await store.remove(trial);
    }
    return store;
  } catch (thrown) {
    // A used-up quota refuses new files, not the ones that are there: they are read, and deleted to make room.
    if (store !== undefined && isQuotaExceeded(thrown)) return store;
    return makeMemoryStore();
  }
}

/**
 * Files in the browser's origin private file system, below `folderName`. Made for a dedicated worker, where files are
 * written through synchronous handles; elsewhere through writable streams.
 */
export async function makeOpfsStore(folderName: string): Promise<FileStore> {
  /** Looked up each time: a browser may clear it while the page is open, and a handle of what was cleared stays useless. */
  async function root(create: boolean): Promise<FileSystemDirectoryHandle> {
    return (await navigator.storage.getDirectory()).getDirectoryHandle(folderName, { create });
  }
  await attempt(folderName, () => root(true));

  async function folderAt(parts: readonly string[], create: boolean): Promise<FileSystemDirectoryHandle> {
    let folder = await root(create);
    for (const part of parts) folder = await folder.getDirectoryHandle(part, { create });
    return folder;
  }

  async function fileAt(path: string, create: boolean): Promise<FileSystemFileHandle> {
    const { folder, name } = splitFile(path);
    return (await folderAt(folder, create)).getFileHandle(name, { create });
  }

  function change(path: string, create: boolean, action: (writer: OpenFile) => Promise<void>): Promise<void> {
    return attempt(path, async () => {
      const writer = await openWriter(await fileAt(path, create));
      try {
        await action(writer);
      } catch (thrown) {
        await writer.abandon();
        throw thrown;
      }
      await writer.finish();
    });
  }

  return {
    description: `browser storage/${folderName}`,
    isPersistent: true,
    read: (path) =>
      attempt(path, async () => new Uint8Array(await (await (await fileAt(path, false)).getFile()).arrayBuffer())),
    readText: (path) => attempt(path, async () => (await (await fileAt(path, false)).getFile()).text()),
    write: (path, content) =>
      change(path, true, async (writer) => {
        await writer.truncate(0);
        await writer.writeAt(0, toBytes(content));
      }),
    append: (path, text) =>
      change(path, true, async (writer) => writer.writeAt(await writer.sizeBytes(), toBytes(text))),
    truncate: (path, sizeBytes) => change(path, false, (writer) => writer.truncate(sizeBytes)),
    list: (folder) =>
      attempt(folder, async () => {
        const entries: FolderEntry[] = [];
        const handle = await folderAt(splitPath(folder), false).catch(undefinedIfMissing);
        if (handle === undefined) return entries;
        for await (const [name, { kind }] of handle.entries()) {
          entries.push({ name, kind: kind === 'directory' ? 'folder' : 'file' });
        }
        return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
      }),
    exists: (path) =>
      attempt(path, async () => {
        const parts = splitPath(path);
        const name = parts.pop();
        if (name === undefined) return true;
        const folder = await folderAt(parts, false).catch(undefinedIfNoFolder);
        if (folder === undefined) return false;
        try {
          await folder.getFileHandle(name);
          return true;
        } catch (thrown) {
          if (nameOf(thrown) === 'TypeMismatchError') return true; // a folder
          undefinedIfMissing(thrown);
          return false;
        }
      }),
    size: (path) => attempt(path, async () => (await (await fileAt(path, false)).getFile()).size),
    remove: (path, { recursive = false } = {}) =>
      attempt(path, async () => {
        const parts = splitPath(path);
        const name = parts.pop();
        if (name === undefined) {
          const all = await root(false).catch(undefinedIfMissing);
          if (all !== undefined) for await (const [entry] of all.entries()) await all.removeEntry(entry, { recursive });
          return;
        }
        const folder = await folderAt(parts, false).catch(undefinedIfMissing);
        await folder?.removeEntry(name, { recursive }).catch(undefinedIfMissing);
      }),
    replace: (from, to) =>
      attempt(from, async () => {
        const source = await fileAt(from, false);
        const { folder, name } = splitFile(to);
        await moveFile(source, await folderAt(folder, true), name, async () => {
          const { folder: sourceFolder, name: sourceName } = splitFile(from);
          await (await folderAt(sourceFolder, false)).removeEntry(sourceName);
        });
      }),
    makeDir: (path) =>
      attempt(path, async () => {
        await folderAt(splitPath(path), true);
      }),
    lock: (path) => acquireWebLock(joinPath(folderName, path)),
    blob: (path) => attempt(path, async () => (await fileAt(path, false)).getFile()),
    open: (path) => attempt(path, async () => blobSource(path, await (await fileAt(path, false)).getFile())),
    openWriter: (path) => attempt(path, async () => writerOver(path, await openWriter(await fileAt(path, true)))),
    freeBytes: async () => {
      const { quota, usage } = await navigator.storage.estimate();
      return quota === undefined ? undefined : Math.max(0, quota - (usage ?? 0));
    },
  };
}

function writerOver(path: string, file: OpenFile): FileWriter {
  let isOpen = true;
  return {
    writeAt: (offset, bytes) => attempt(path, () => file.writeAt(offset, toBytes(bytes))),
    flush: () => attempt(path, () => file.flush()),
    close: () =>
      attempt(path, async () => {
        if (!isOpen) return;
        isOpen = false;
        await file.finish();
      }),
  };
}

/** Asks the browser not to clear this site's storage when the disk runs low. @returns whether it agreed */
export async function askToPersist(): Promise<boolean> {
  return typeof navigator.storage.persist === 'function' && navigator.storage.persist();
}

/** `move` is in every current browser but not in the standard's typings. */
interface MovableFileHandle extends FileSystemFileHandle {
  move(folder: FileSystemDirectoryHandle, name: string): Promise<void>;
}

function isMovable(handle: FileSystemFileHandle): handle is MovableFileHandle {
  return 'move' in handle && typeof handle.move === 'function';
}

async function moveFile(
  source: FileSystemFileHandle,
  folder: FileSystemDirectoryHandle,
  name: string,
  removeSource: () => Promise<void>,
): Promise<void> {
  if (isMovable(source)) {
    await source.move(folder, name);
    return;
  }
  // Not atomic, but a torn copy is told from a whole one by whoever checks sizes and hashes.
  const writer = await openWriter(await folder.getFileHandle(name, { create: true }));
  try {
    await writer.truncate(0);
    await writer.writeAt(0, new Uint8Array(await (await source.getFile()).arrayBuffer()));
  } catch (thrown) {
    await writer.abandon();
    throw thrown;
  }
  await writer.finish();
  await removeSource();
}

async function openWriter(handle: FileSystemFileHandle): Promise<OpenFile> {
  if (typeof handle.createSyncAccessHandle === 'function') {
    const access = await handle.createSyncAccessHandle();
    return {
      sizeBytes: async () => access.getSize(),
      writeAt: async (offset, bytes) => {
        let done = 0;
        while (done < bytes.byteLength) {
          const written = access.write(bytes.subarray(done), { at: offset + done });
          if (written <= 0) throw new DOMException('nothing more could be written', 'QuotaExceededError');
          done += written;
        }
      },
      truncate: async (sizeBytes) => access.truncate(sizeBytes),
      flush: async () => access.flush(),
      finish: async () => {
        access.flush();
        access.close();
      },
      abandon: async () => access.close(),
    };
  }
  const stream = await handle.createWritable({ keepExistingData: true });
  return {
    sizeBytes: async () => (await handle.getFile()).size,
    writeAt: (position, data) => stream.write({ type: 'write', position, data }),
    truncate: (sizeBytes) => stream.truncate(sizeBytes),
    flush: async () => undefined, // a stream's bytes reach the file when it is closed, not before
    finish: () => stream.close(),
    abandon: () => stream.abort(),
  };
}

/** The browser frees the lock of a closed tab or a terminated worker by itself. */
function acquireWebLock(path: string): Promise<Lock> {
  return new Promise((resolve, reject) => {
    const held = navigator.locks.request(`web-lora/${path}`, { ifAvailable: true }, async (lock) => {
      if (lock === null) throw alreadyLocked(path, 'another tab or run', 'stop that run or close that tab');
      await new Promise<void>((letGo) => {
        const release = async () => {
          letGo();
          await held;
        };
        resolve({ release });
      });
    });
    held.catch(reject);
  });
}

function toBytes(content: Uint8Array | string): Uint8Array<ArrayBuffer> {
  if (typeof content === 'string') return new TextEncoder().encode(content);
  // A view of shared memory is refused by the writing interfaces.
  return content.buffer instanceof ArrayBuffer
    ? new Uint8Array(content.buffer, content.byteOffset, content.byteLength)
    : new Uint8Array(content);
}

function isQuotaExceeded(thrown: unknown): boolean {
  return thrown instanceof WebLoraError && nameOf(thrown.cause) === 'QuotaExceededError';
}

function nameOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.name : '';
}

function undefinedIfMissing(thrown: unknown): undefined {
  if (nameOf(thrown) === 'NotFoundError') return undefined;
  throw thrown;
}

function undefinedIfNoFolder(thrown: unknown): undefined {
  if (nameOf(thrown) !== 'TypeMismatchError') undefinedIfMissing(thrown);
}

async function attempt<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (thrown) {
    throw toStorageFailure(path, thrown);
  }
}

function toStorageFailure(path: string, thrown: unknown): WebLoraError {
  if (thrown instanceof WebLoraError) return thrown;
  switch (nameOf(thrown)) {
    case 'NotFoundError':
      return fileNotFound(path, thrown);
    case 'QuotaExceededError':
      return diskFull(path, thrown);
    case 'NotAllowedError':
    case 'SecurityError':
      return noPermission(path, thrown);
    case 'InvalidModificationError':
      return folderNotEmpty(path, thrown);
    case 'TypeMismatchError':
      return otherFailure(path, 'a folder where a file is wanted, or a file where a folder is', thrown);
    case 'NoModificationAllowedError':
      return otherFailure(path, 'a file that another tab is writing', thrown);
    default:
      return otherFailure(path, thrown instanceof Error ? thrown.message : String(thrown), thrown);
  }
}
