import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { AREAS } from './import-arrow.ts';

const root = join(import.meta.dirname, '..', '..');

it('names every folder of the product, and no other', () => {
  const folders = readdirSync(join(root, 'src'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `src/${name}`);
  const areas = Object.keys(AREAS);
  expect(folders.filter((folder) => !areas.includes(folder))).toEqual([]);
  for (const path of [
    ...areas,
    ...Object.values(AREAS).flatMap(({ uses }) => uses.filter((use) => !use.includes('*'))),
  ])
    expect(existsSync(join(root, path)), path).toBe(true);
});
