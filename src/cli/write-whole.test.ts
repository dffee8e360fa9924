import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
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

  it.skipIf(process.platform === 'win32')('goes into a pipe and behind a link, which stay what they are', () => {
    const [pipe, file, link] = ['pipe', 'behind', 'link'].map((name) => join(folder, name)) as [string, string, string];
    execFileSync('mkfifo', [pipe]);
    const reader = openSync(pipe, 'r+');
    writeFileWhole(pipe, 'text');
    const read = Buffer.alloc(4);
    readSync(reader, read);
    closeSync(reader);
    expect(read.toString()).toBe('text');
    expect(lstatSync(pipe).isFIFO()).toBe(true);

    writeFileSync(file, 'old');
    symlinkSync(file, link);
    writeFileWhole(link, 'new');
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readFileSync(file, 'utf8')).toBe('new');
    for (const path of [pipe, file, link]) rmSync(path);
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
