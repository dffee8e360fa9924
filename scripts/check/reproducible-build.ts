/** Builds the page and the terminal command twice and compares every byte: `npx tsx scripts/check/reproducible-build.ts`. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { build } from 'vite';

const DIST = join(import.meta.dirname, '..', '..', 'dist');

function hashesOf(folders: readonly string[]): Map<string, string> {
  const hashes = new Map<string, string>();
  for (const folder of folders)
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      hashes.set(relative(DIST, path), createHash('sha256').update(readFileSync(path)).digest('hex'));
    }
  return hashes;
}

async function buildOnce(): Promise<Map<string, string>> {
  await build({ logLevel: 'error' });
  await build({ mode: 'cli', logLevel: 'error' });
  const hashes = hashesOf([join(DIST, 'app')]);
  hashes.set(
    'cli.js',
    createHash('sha256')
      .update(readFileSync(join(DIST, 'cli.js')))
      .digest('hex'),
  );
  return hashes;
}

const [first, second] = [await buildOnce(), await buildOnce()];
const differing = [...new Set([...first.keys(), ...second.keys()])].filter(
  (path) => first.get(path) !== second.get(path),
);
process.stdout.write(
  differing.length === 0 ? `${first.size} files, byte for byte the same\n` : `differ: ${differing.join(', ')}\n`,
);
process.exitCode = differing.length === 0 ? 0 : 1;
