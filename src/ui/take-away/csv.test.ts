import { describe, expect, it } from 'vitest';
import { csvCell } from './csv.ts';

describe('a field of CSV', () => {
  it('is quoted where it has to be, and never a formula', () => {
    expect(['plain', 'a,b', 'say "x"', 'two\nlines', 0.5, -2].map(csvCell)).toEqual([
      'plain',
      '"a,b"',
      '"say ""x"""',
      '"two\nlines"',
      '0.5',
      '-2',
    ]);
    expect(['=HYPERLINK("x")', '+1', '-1', '@SUM(A1)', '\t=1'].map(csvCell)).toEqual([
      `"'=HYPERLINK(""x"")"`,
      "'+1",
      "'-1",
      "'@SUM(A1)",
      "'\t=1",
    ]);
  });
});
