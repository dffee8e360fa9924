import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');

/** Lines of the table: what could happen, the defence, the tests. */
const LINES = readFileSync(join(ROOT, 'docs', 'threat-model.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .slice(2)
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );

/** "`a.test.ts`: does this…, does that…, `b.test.ts`" as paths, each with the beginnings of the names of its tests. */
function testsOf(cell: string): { readonly path: string; readonly names: readonly string[] }[] {
  return [...cell.matchAll(/`([^`]+\.ts)`(?::([^`]*))?/g)].map(([, path = '', named = '']) => ({
    path,
    names: named
      .split('…')
      .slice(0, -1)
      .map((name) => name.replace(/^,/, '').trim()),
  }));
}

describe('the table of docs/threat-model.md', () => {
  it('has lines', () => expect(LINES.length).toBeGreaterThan(25));

  it.each(LINES)('%s: has a defence, and tests that exist', (_threat, defence = '', cell = '') => {
    expect(defence).not.toBe('');
    const tests = testsOf(cell);
    expect(tests.length, cell).toBeGreaterThan(0);
    for (const { path, names } of tests) {
      expect(existsSync(join(ROOT, path)), path).toBe(true);
      const source = readFileSync(join(ROOT, path), 'utf8');
      for (const name of names) expect(source, `${path}: ${name}`).toContain(name);
    }
  });
});
