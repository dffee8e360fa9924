// Loaded before the weblora command by kills.ts (`node --import`): counts what the command does to files below
// WEBLORA_FAULT_FOLDER, and at one of these operations kills the process or lets the disk be full from then on.
// WEBLORA_FAULT: `count`, `kill:N`, `ENOSPC:N` or `EDQUOT:N`; what was hit is written to WEBLORA_FAULT_LOG.
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { relative, resolve } from 'node:path';

const require = createRequire(import.meta.url);
const fs = require('node:fs');
const { promises } = fs;
const { writeFileSync } = fs;

const folder = resolve(process.env.WEBLORA_FAULT_FOLDER ?? '.');
const log = process.env.WEBLORA_FAULT_LOG ?? '';
const [kind = 'count', at = '0'] = (process.env.WEBLORA_FAULT ?? 'count').split(':');

let done = 0;
/** Paths by handle or descriptor. */
const paths = new Map();

const isOurs = (path) => typeof path === 'string' && !relative(folder, resolve(path)).startsWith('..');
const shown = (path) => relative(folder, resolve(path));

/**
 * Counts an operation, and does what is to happen at it.
 * @param half does half of a write
 * @returns an error that the operation ends with
 */
function reach(operation, path, needsRoom, half = () => undefined) {
  done += 1;
  const isDue = kind === 'kill' ? done === Number(at) : kind !== 'count' && done >= Number(at) && needsRoom;
  if (!isDue) return undefined;
  writeFileSync(log, `${operation} ${shown(path)}\n`, { flag: 'a' });
  half();
  if (kind === 'kill') process.kill(process.pid, 'SIGKILL');
  return Object.assign(new Error(`${kind}: ${operation} '${path}'`), { code: kind, syscall: operation, path });
}

const halfOf = (content) =>
  typeof content === 'string' ? content.slice(0, content.length / 2) : content.subarray(0, content.byteLength / 2);

const makes = (flags) => typeof flags === 'string' && /[wa]/.test(flags);
const makesByNumber = (flags) => typeof flags === 'number' && (flags & fs.constants.O_CREAT) !== 0;

/** A function that takes its path first. */
function wrap(owner, name, needsRoom, pathOf = ([path]) => path) {
  const original = owner[name];
  const isAsync = owner === promises;
  owner[name] = function wrapped(...given) {
    const path = pathOf(given);
    if (!isOurs(path)) return original.apply(this, given);
    // A folder that is there takes no room.
    const error = reach(name, path, needsRoom && !(name.startsWith('mkdir') && fs.existsSync(path)));
    if (error === undefined) return original.apply(this, given);
    if (isAsync) return Promise.reject(error);
    throw error;
  };
}

for (const name of ['mkdir', 'link', 'copyFile', 'appendFile'])
  wrap(promises, name, true, ([first, second]) => (name === 'link' || name === 'copyFile' ? second : first));
for (const name of ['unlink', 'rm', 'rmdir', 'truncate']) wrap(promises, name, false);
wrap(promises, 'rename', false, ([, to]) => to);
wrap(fs, 'mkdirSync', true);
for (const name of ['unlinkSync', 'rmSync']) wrap(fs, name, false);
wrap(fs, 'renameSync', false, ([, to]) => to);

const { open, writeFile } = promises;
promises.open = async (path, flags, ...rest) => {
  const isWritten = isOurs(path) && (makes(flags) || makesByNumber(flags));
  const error = isWritten ? reach('open', path, true) : undefined;
  if (error !== undefined) throw error;
  const handle = await open(path, flags, ...rest);
  if (isWritten) paths.set(handle, path);
  return handle;
};
promises.writeFile = async (path, content, ...rest) => {
  const error = isOurs(path) ? reach('writeFile', path, true) : undefined;
  if (error !== undefined) throw error;
  return writeFile(path, content, ...rest);
};

const { openSync, writeSync, fsyncSync } = fs;
fs.openSync = (path, flags, ...rest) => {
  const isWritten = isOurs(path) && makes(flags);
  const error = isWritten ? reach('openSync', path, true) : undefined;
  if (error !== undefined) throw error;
  const file = openSync(path, flags, ...rest);
  if (isWritten) paths.set(file, path);
  return file;
};
fs.writeFileSync = (target, content, ...rest) => {
  const path = typeof target === 'number' ? paths.get(target) : target;
  const half = () => writeFileSync(target, halfOf(content), ...rest);
  const error = isOurs(path) ? reach('writeFileSync', path, true, half) : undefined;
  if (error !== undefined) throw error;
  return writeFileSync(target, content, ...rest);
};
fs.writeSync = (file, content, ...rest) => {
  const path = paths.get(file);
  const error = path === undefined ? undefined : reach('writeSync', path, true);
  if (error !== undefined) throw error;
  return writeSync(file, content, ...rest);
};
fs.fsyncSync = (file) => {
  const path = paths.get(file);
  const error = path === undefined ? undefined : reach('fsyncSync', path, true);
  if (error !== undefined) throw error;
  return fsyncSync(file);
};

// Handles of node:fs/promises.
const sample = await open(process.execPath, 'r');
const handles = Object.getPrototypeOf(sample);
await sample.close();
const original = Object.fromEntries(['write', 'writeFile', 'sync', 'datasync'].map((name) => [name, handles[name]]));
for (const name of Object.keys(original)) {
  handles[name] = async function wrapped(content, offset = 0, length, position) {
    const path = paths.get(this);
    if (path === undefined) return original[name].apply(this, arguments);
    let part;
    if (name === 'write') part = content.subarray(offset, offset + (length ?? content.byteLength - offset) / 2);
    if (name === 'writeFile') part = halfOf(content);
    const half = () =>
      part !== undefined &&
      (name === 'write' ? writeSync(this.fd, part, 0, part.length, position) : writeFileSync(this.fd, part));
    const error = reach(name, path, true, half);
    if (error !== undefined) throw error;
    return original[name].apply(this, arguments);
  };
}

syncBuiltinESMExports();
if (kind === 'count') process.on('exit', () => writeFileSync(log, `${done}\n`));
