import {
  appendFileSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { storeSink, type ModelSink } from '../merge/sink.ts';
import { makeNodeStore, nodeStorageFailure } from '../storage/node-store.ts';

/**
 * Writes a file that appears whole or not at all: beside its place first, then moved there. What was at the path is
 * replaced; on a full disk it stays, and nothing half-written is left. A device, a pipe or `/dev/stdout` is written to, and
 * a link stays: the file behind it is replaced.
 * @param mode who may read it from its first byte on; by default what the system gives
 * @throws WebLoraError `storage`
 */
export function writeFileWhole(path: string, content: Uint8Array | string, mode?: number): void {
  if (isStream(path)) {
    try {
      appendFileSync(path, content);
    } catch (thrown) {
      throw nodeStorageFailure(path, thrown);
    }
    return;
  }
  const target = existsSync(path) ? realpathSync(path) : path;
  appear(target, (draft) => writeFlushed(draft, content, mode));
}

/** Whether what is at the path takes bytes one after the other and holds no content of its own. */
function isStream(path: string): boolean {
  if (/^\/dev\/(stdout|stderr|fd\/\d+)$/.test(path)) return true;
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat !== undefined && !stat.isFile() && !stat.isDirectory();
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

/** {@link writeFolderWhole} for the files of a model, one after the other. */
export function wholeFolderSink(path: string): ModelSink {
  const draft = draftOf(path);
  const sink = storeSink(makeNodeStore(dirname(path)), basename(draft));
  return {
    open: (name) => sink.open(name),
    commit: async () => {
      await sink.commit();
      renameSync(draft, path);
    },
    discard: async () => {
      await sink.discard();
      rmSync(draft, { recursive: true, force: true });
    },
  };
}

function appear(path: string, write: (draft: string) => void): void {
  const draft = draftOf(path);
  try {
    makeFolder(dirname(path));
    write(draft);
    renameSync(draft, path);
  } catch (thrown) {
    rmSync(draft, { recursive: true, force: true });
    throw nodeStorageFailure(path, thrown);
  }
}

const DRAFT = /\.(\d+)\.partial$/;

/** Where something is written before it appears; what killed processes left of it is removed. */
function draftOf(path: string): string {
  const folder = dirname(path);
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    const [ending, pid] = DRAFT.exec(name) ?? [];
    if (ending === undefined || name !== basename(path) + ending || isAlive(Number(pid))) continue;
    rmSync(join(folder, name), { recursive: true, force: true });
  }
  return `${path}.${process.pid}.partial`;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Not Node's recursive mkdir, which never comes back below /proc. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  if (dirname(path) !== path) makeFolder(dirname(path));
  mkdirSync(path);
}

function writeFlushed(path: string, content: Uint8Array | string, mode?: number): void {
  const file = openSync(path, 'wx', mode);
  try {
    writeFileSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
