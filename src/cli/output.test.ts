import { describe, expect, it } from 'vitest';
import { printable } from './output.ts';

describe('a message in the terminal', () => {
  it('cannot steer it: control and direction characters show as what they are, on one line', () => {
    expect(printable('a\u001b[2Jb\u0007c\u202ed\r\n  e\u009b1mf')).toBe('a\\u001b[2Jb\\u0007c\\u202ed e\\u009b1mf');
    expect(printable('Größe, 日本語 and 🙂 stay')).toBe('Größe, 日本語 and 🙂 stay');
  });

  it('is no longer than somebody reads, with its beginning and its end', () => {
    const said = printable(`begin ${'x'.repeat(3_000_000)} end`);
    expect(said.length).toBeLessThan(2001);
    expect(said).toMatch(/^begin x+…x+ end$/);
  });
});
