#!/usr/bin/env node
// `npx weblora` in the repository: builds dist/cli.js when it is missing or older than a source, then runs it.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const built = join(root, 'dist', 'cli.js');
const SOURCES = ['src', 'kernels', 'models', 'workers'];

function isFresh() {
  if (!existsSync(built)) return false;
  const since = statSync(built).mtimeMs;
  return SOURCES.every((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).every(
      (path) => /\.test\.ts$/.test(path) || statSync(join(root, folder, path)).mtimeMs <= since,
    ),
  );
}

if (!isFresh()) {
  process.stderr.write('building the weblora command\n');
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  // Standard output belongs to the command.
  const build = spawnSync(process.execPath, [vite, 'build', '--mode', 'cli', '--logLevel', 'error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (build.status !== 0) {
    process.stderr.write('error[internal]: the weblora command cannot be built: run npm install, then npm run build\n');
    process.exit(1);
  }
}
await import(pathToFileURL(built).href);
