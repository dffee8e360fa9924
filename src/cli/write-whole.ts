import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { nodeStorageFailure } from '../storage/node-store.ts';

/**
 * Writes a file that appears whole or not at all: beside its place first, then moved there. What was at the path is
 * replaced; on a full disk it stays, and nothing half-written is left.
 * @throws WebLoraError `storage`
 */
export function writeFileWhole(path: string, content: Uint8Array | string): void {
  appear(path, (draft) => writeFlushed(draft, content));
}

/** {@link writeFileWhole} of a new folder with files, in folders of their own where names have slashes. */
export function writeFolderWhole(path: string, files: ReadonlyMap<string, Uint8Array>): void {
  appear(path, (draft) => {
    mkdirSync(draft);
    for (const [name, bytes] of files) {
      const file = join(draft, name);
      makeFolder(dirname(file));
      writeFlushed(file, bytes);
    }
  });
}

function appear(path: string, write: (draft: string) => void): void {
  const draft = `${path}.${process.pid}.partial`;
  try {
    makeFolder(dirname(path));
    write(draft);
    renameSync(draft, path);
  } catch (thrown) {
    rmSync(draft, { recursive: true, force: true });
    throw nodeStorageFailure(path, thrown);
  }
}

/** Not Node's recursive mkdir, which never comes back below /proc. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  if (dirname(path) !== path) makeFolder(dirname(path));
  mkdirSync(path);
}

function writeFlushed(path: string, content: Uint8Array | string): void {
  const file = openSync(path, 'wx');
  try {
    writeFileSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
