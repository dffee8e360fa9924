import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';

const app = join(import.meta.dirname, '..', '..', 'dist', 'app');
const gzippedBytes = async (path: string): Promise<number> => gzipSync(await readFile(join(app, path))).byteLength;

it('the first page needs at most 150 KB of script, and nothing from elsewhere or inline', async () => {
  const html = await readFile(join(app, 'index.html'), 'utf8');
  const scripts = [...html.matchAll(/<script[^>]*>|<link rel="modulepreload"[^>]*>/g)].map(
    ([tag]) => /(?:src|href)="([^"]+)"/.exec(tag)?.[1],
  );
  expect(scripts.length).toBeGreaterThan(0);
  let bytes = 0;
  for (const path of scripts) {
    expect(path).toMatch(/^\.\/assets\//);
    bytes += await gzippedBytes(path ?? '');
  }
  expect(bytes).toBeLessThanOrEqual(150_000);
  expect(html).toContain("default-src 'self'; connect-src 'self'; ");
  expect(html).not.toMatch(/<style|\sstyle="|\son[a-z]+="|unsafe-/);
});
