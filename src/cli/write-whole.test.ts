import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { writeFileWhole, writeFolderWhole } from './write-whole.ts';

const folder = mkdtempSync(join(tmpdir(), 'weblora-whole-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('a result that is written whole', () => {
  it('appears with its content, in a folder that is made for it', () => {
    writeFileWhole(join(folder, 'a', 'file'), 'text');
    writeFileWhole(join(folder, 'a', 'file'), 'other text');
    expect(readFileSync(join(folder, 'a', 'file'), 'utf8')).toBe('other text');
    writeFolderWhole(join(folder, 'a', 'adapter'), new Map([['x', Uint8Array.of(1)]]));
    expect(readdirSync(join(folder, 'a'))).toEqual(['adapter', 'file']);
  });

  it('leaves nothing behind where it cannot be finished', () => {
    const files = new Map([
      ['first', Uint8Array.of(1)],
      ['first/is/a/file', Uint8Array.of(2)],
    ]);
    expect(() => writeFolderWhole(join(folder, 'b'), files)).toThrow(expect.objectContaining({ code: 'storage' }));
    expect(existsSync(join(folder, 'b'))).toBe(false);
    expect(readdirSync(folder)).toEqual(['a']);
    expect(() => writeFileWhole('/proc/self/weblora', 'x')).toThrow(/^\/proc\/self\/weblora: got /);
  });
});
