import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { GENERATE_SETTINGS } from '../generate/settings.ts';
import { TRAIN_SETTINGS } from '../train/settings.ts';

const root = join(import.meta.dirname, '..', '..');
const sources = ['src', 'models', 'kernels', 'workers'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.tsx?$/.test(path) && !/\.test\.tsx?$/.test(path))
    .map((path) => join(folder, path)),
);

/** Arguments of single commands that errors name too. */
const ARGUMENTS = ['raw', 'tokens'];

it('errors name settings that exist, by their keys, and no flags', () => {
  const known = new Set([...Object.keys(TRAIN_SETTINGS), ...Object.keys(GENERATE_SETTINGS), ...ARGUMENTS]);
  const mentioned = new Map<string, string>();
  const flags: string[] = [];
  for (const path of sources) {
    const text = readFileSync(join(root, path), 'utf8');
    for (const [, key = ''] of text.matchAll(/\bsetting\('(\w+)'/g)) mentioned.set(key, path);
    if (/^src\/(cli|bench|ui|bench-page)\//.test(path)) continue;
    for (const [said] of text.matchAll(/(?:got|wanted|fix): [^\n]*--(?:[a-z]+)[^\n]*/g)) flags.push(`${path}: ${said}`);
  }
  expect(mentioned.size).toBeGreaterThan(10);
  expect([...mentioned].filter(([key]) => !known.has(key))).toEqual([]);
  expect(flags.filter((said) => !said.includes('llama-gguf-split'))).toEqual([]);
});
