import { randomUUID } from 'node:crypto';
import { constants, readFileSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { WebLoraError } from '../errors.ts';
import { alreadyLocked } from './failures.ts';
import type { Lock } from './store.ts';

/** Content of a lock file. */
interface LockOwner {
  readonly pid: number;
  readonly host: string;
  /** Tells two processes with one number apart; '' where the system does not say. */
  readonly startedAt: string;
  /** Tells two locks of one process apart. */
  readonly token: string;
}

const MAX_ATTEMPTS = 50;
const PAUSE_MS = 20;

/**
 * A lock file that names its owner. It appears with its content in one step (a hard link), so no reader sees it half
 * written; the file of a dead process is removed and the lock taken over.
 * @throws WebLoraError `locked` while its owner lives, or lives on another computer where that cannot be known
 */
export async function acquireLockFile(path: string): Promise<Lock> {
  const owner: LockOwner = {
    pid: process.pid,
    host: hostname(),
    startedAt: processStart(process.pid) ?? '',
    token: randomUUID(),
  };
  const draft = `${path}.${owner.token}`;
  await fs.writeFile(draft, JSON.stringify(owner));
  try {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      if (await linkIfFree(draft, path)) return { release: () => releaseLockFile(path, owner) };
      const text = await readIfThere(path);
      if (text === undefined) continue;
      const holder = parseOwner(text);
      if (holder !== undefined && mayLive(holder)) throw lockedBy(path, holder);
      await removeStale(path, text);
    }
    throw alreadyLocked(path, 'processes that come and go', 'try again');
  } finally {
    await fs.rm(draft, { force: true });
  }
}

async function releaseLockFile(path: string, owner: LockOwner): Promise<void> {
  const text = await readIfThere(path);
  if (text !== undefined && parseOwner(text)?.token === owner.token) await fs.rm(path, { force: true });
}

async function linkIfFree(draft: string, path: string): Promise<boolean> {
  try {
    await fs.link(draft, path);
    return true;
  } catch (thrown) {
    if (codeOf(thrown) === 'EEXIST') return false;
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(codeOf(thrown))) throw thrown;
  }
  // A file system without hard links (exFAT).
  try {
    await fs.copyFile(draft, path, constants.COPYFILE_EXCL);
    return true;
  } catch (thrown) {
    if (codeOf(thrown) === 'EEXIST') return false;
    throw thrown;
  }
}

/**
 * Several may find the same stale lock. One at a time removes it, under a lock of its own, and only while it is still the
 * stale one: without that, the slower of two would remove what the faster one took meanwhile.
 */
async function removeStale(path: string, staleText: string): Promise<void> {
  const takeover = await acquireLockFile(`${path}.takeover`).catch((thrown: unknown) => {
    if (thrown instanceof WebLoraError && thrown.code === 'locked') return undefined;
    throw thrown;
  });
  if (takeover === undefined) return setTimeout(PAUSE_MS);
  try {
    if ((await readIfThere(path)) === staleText) await fs.rm(path, { force: true });
  } finally {
    await takeover.release();
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await fs.readFile(path, 'utf8');
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}

function parseOwner(text: string): LockOwner | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    const { pid, host, startedAt, token } = value as Partial<Record<keyof LockOwner, unknown>>;
    if (typeof pid !== 'number' || typeof host !== 'string') return undefined;
    return { pid, host, startedAt: String(startedAt), token: String(token) };
  } catch {
    return undefined;
  }
}

/** False only where it is certain that the owner is gone. */
function mayLive(owner: LockOwner): boolean {
  if (owner.host !== hostname()) return true;
  try {
    process.kill(owner.pid, 0);
  } catch (thrown) {
    return codeOf(thrown) === 'EPERM'; // alive, and somebody else's
  }
  const startedAt = processStart(owner.pid);
  if (startedAt === undefined) return true;
  return startedAt !== 'dead' && (owner.startedAt === '' || startedAt === owner.startedAt);
}

/** Boot and start time of a process on Linux, 'dead' for one that only waits to be buried, undefined elsewhere. */
function processStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field, the program's name, may hold blanks and parentheses; fields after it are counted from its end.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state = ''] = fields;
    if (state === 'Z' || state === 'X') return 'dead';
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    return `${boot}/${fields[19] ?? ''}`;
  } catch {
    return undefined;
  }
}

function lockedBy(path: string, holder: LockOwner) {
  const where = holder.host === hostname() ? '' : ` on ${holder.host}`;
  return alreadyLocked(
    path,
    `process ${holder.pid}${where}`,
    where === ''
      ? 'wait for that run to end or stop it'
      : `if that run is no longer alive, delete ${path} and start again`,
  );
}

function codeOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
}
