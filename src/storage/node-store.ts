import { constants } from 'node:fs';
import * as fs from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { checkRange } from '../formats/byte-source.ts';
import { WebLoraError } from '../errors.ts';
import { diskFull, fileNotFound, folderNotEmpty, noPermission, otherFailure } from './failures.ts';
import { acquireLockFile } from './node-lock.ts';
import { splitFile, splitPath } from './paths.ts';
import type { FileStore, FileWriter, FolderEntry } from './store.ts';

/** Files below a folder of this computer. Only Node entry points import this file. */
export function makeNodeStore(root: string): FileStore {
  const absolute = (path: string) => join(root, ...splitPath(path));

  async function attempt<T>(path: string, action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (thrown) {
      throw nodeStorageFailure(absolute(path), thrown);
    }
  }

  /** Writes all of `content` through a handle and leaves it on the disk before it returns. */
  async function writeThrough(path: string, flags: string, content: Uint8Array | string, flush: boolean) {
    splitFile(path);
    await attempt(path, async () => {
      await makeFolder(dirname(absolute(path)));
      const handle = await fs.open(absolute(path), flags);
      try {
        await handle.writeFile(content);
        if (flush) await handle.sync();
      } finally {
        await handle.close();
      }
    });
  }

  return {
    description: root,
    isPersistent: true,
    read: (path) => attempt(path, async () => new Uint8Array(await fs.readFile(absolute(path)))),
    readText: (path) => attempt(path, () => fs.readFile(absolute(path), 'utf8')),
    write: (path, content) => writeThrough(path, 'w', content, true),
    append: (path, text) => writeThrough(path, 'a', text, false),
    truncate: (path, sizeBytes) => attempt(path, () => fs.truncate(absolute(path), sizeBytes)),
    list: (folder) =>
      attempt(folder, async () => {
        const entries = await fs.readdir(absolute(folder), { withFileTypes: true }).catch(emptyIfMissing);
        return entries
          .map((entry): FolderEntry => ({ name: entry.name, kind: entry.isDirectory() ? 'folder' : 'file' }))
          .sort((a, b) => (a.name < b.name ? -1 : 1));
      }),
    exists: (path) =>
      attempt(path, async () => {
        try {
          await fs.stat(absolute(path));
          return true;
        } catch (thrown) {
          if (isMissing(thrown) || errorCode(thrown) === 'ENOTDIR') return false;
          throw thrown;
        }
      }),
    size: (path) => attempt(path, async () => (await statFile(absolute(path))).size),
    remove: (path, { recursive = false } = {}) =>
      attempt(path, async () => {
        if (recursive) return fs.rm(absolute(path), { recursive: true, force: true });
        try {
          const isFolder = (await fs.lstat(absolute(path))).isDirectory();
          await (isFolder ? fs.rmdir(absolute(path)) : fs.unlink(absolute(path)));
        } catch (thrown) {
          if (!isMissing(thrown)) throw thrown;
        }
      }),
    replace: async (from, to) => {
      splitFile(to);
      await attempt(from, () => statFile(absolute(from)));
      await attempt(to, async () => {
        await makeFolder(dirname(absolute(to)));
        await fs.rename(absolute(from), absolute(to));
        await syncFolder(dirname(absolute(to)));
      });
    },
    makeDir: (path) =>
      attempt(path, async () => {
        await makeFolder(absolute(path));
      }),
    lock: (path) =>
      attempt(path, async () => {
        splitFile(path);
        await makeFolder(dirname(absolute(path)));
        return acquireLockFile(absolute(path));
      }),
    blob: (path) => attempt(path, async () => new Blob([await fs.readFile(absolute(path))])),
    open: (path) =>
      attempt(path, async () => {
        const size = (await statFile(absolute(path))).size;
        return {
          name: path,
          size,
          read: (offset: number, length: number) =>
            attempt(path, async () => {
              checkRange({ name: path, size }, offset, length);
              return readRange(absolute(path), offset, length);
            }),
        };
      }),
    openWriter: (path) =>
      attempt(path, async () => {
        splitFile(path);
        await makeFolder(dirname(absolute(path)));
        const handle = await fs.open(absolute(path), constants.O_RDWR | constants.O_CREAT);
        return writerOver(handle, (action) => attempt(path, action));
      }),
    freeBytes: async () => {
      const { bavail, bsize } = await fs.statfs(await nearestFolder(root));
      return bavail * bsize;
    },
  };
}

function writerOver(handle: fs.FileHandle, attempt: <T>(action: () => Promise<T>) => Promise<T>): FileWriter {
  let isOpen = true;
  return {
    writeAt: (offset, bytes) =>
      attempt(async () => {
        for (let done = 0; done < bytes.byteLength;) {
          const { bytesWritten } = await handle.write(bytes, done, bytes.byteLength - done, offset + done);
          done += bytesWritten;
        }
      }),
    flush: () => attempt(() => handle.datasync()),
    close: () =>
      attempt(async () => {
        if (!isOpen) return;
        isOpen = false;
        try {
          await handle.datasync();
        } finally {
          await handle.close();
        }
      }),
  };
}

/**
 * A folder and those above it. Not Node's recursive mkdir, which never comes back where a folder that is there refuses a
 * new one with ENOENT, as /proc does (seen in 20.x).
 */
async function makeFolder(path: string): Promise<void> {
  try {
    await fs.mkdir(path);
  } catch (thrown) {
    if (errorCode(thrown) === 'EEXIST' && (await fs.stat(path)).isDirectory()) return;
    const above = dirname(path);
    if (!isMissing(thrown) || above === path || (await fs.stat(above).catch(() => undefined)) !== undefined)
      throw isMissing(thrown) ? otherFailure(path, 'a place that takes no folders', thrown) : thrown;
    await makeFolder(above);
    await makeFolder(path);
  }
}

/** The folder itself or the nearest one above it that is there already. */
async function nearestFolder(path: string): Promise<string> {
  const found = await fs.stat(path).catch(() => undefined);
  return found !== undefined || dirname(path) === path ? path : nearestFolder(dirname(path));
}

async function statFile(path: string): Promise<{ size: number }> {
  const stat = await fs.stat(path);
  if (stat.isDirectory()) throw otherFailure(path, 'a folder where a file is wanted');
  return stat;
}

/** Bytes of a file. @throws WebLoraError `bad-file` where it ends before */
export async function readRange(path: string, offset: number, length: number): Promise<Uint8Array> {
  const handle = await fs.open(path, constants.O_RDONLY);
  try {
    const bytes = new Uint8Array(length);
    let done = 0;
    // One read may return less than asked for, above 2 GiB it always does.
    while (done < length) {
      const { bytesRead } = await handle.read(bytes, done, Math.min(length - done, 2 ** 30), offset + done);
      if (bytesRead === 0) {
        throw new WebLoraError('bad-file', path, {
          got: `${offset + done} bytes`,
          wanted: `${offset + length}`,
          fix: 'the file became shorter while it was read, fetch it again',
        });
      }
      done += bytesRead;
    }
    return bytes;
  } finally {
    await handle.close();
  }
}

/** Makes a rename survive a power cut. Some systems refuse to open folders; there the rename itself has to do. */
async function syncFolder(path: string): Promise<void> {
  const handle = await fs.open(path, constants.O_RDONLY).catch(() => undefined);
  if (handle === undefined) return;
  try {
    await handle.sync();
  } catch (thrown) {
    if (!['EINVAL', 'EPERM', 'EISDIR', 'EBADF'].includes(errorCode(thrown))) throw thrown;
  } finally {
    await handle.close();
  }
}

function errorCode(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
}

function isMissing(thrown: unknown): boolean {
  return errorCode(thrown) === 'ENOENT';
}

function emptyIfMissing(thrown: unknown): [] {
  if (isMissing(thrown)) return [];
  throw thrown;
}

/** What Node threw at work on a file, as a failure that says what to do. */
export function nodeStorageFailure(path: string, thrown: unknown): WebLoraError {
  if (thrown instanceof WebLoraError) return thrown;
  switch (errorCode(thrown)) {
    case 'ENOENT':
      return fileNotFound(path, thrown);
    case 'ENOSPC':
    case 'EDQUOT':
      return diskFull(path, thrown);
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return noPermission(path, thrown);
    case 'ENOTEMPTY':
      return folderNotEmpty(path, thrown);
    case 'EISDIR':
      return otherFailure(path, 'a folder where a file is wanted', thrown);
    case 'ENOTDIR':
    case 'EEXIST':
      return otherFailure(path, 'a file where a folder is wanted', thrown);
    default:
      return otherFailure(path, thrown instanceof Error ? thrown.message : String(thrown), thrown);
  }
}
