import { describe, expect, it } from 'vitest';
import { defineKernel } from './kernel.ts';
import { writeOutRepeats } from './repeats.ts';

describe('writeOutRepeats', () => {
  it('writes a line out, with the index, its fours, the rest of them and its letter', () => {
    expect(writeOutRepeats('fn f() {\n  @repeat(6) acc[$i] += h$4[$m] * w.$l;\n  return;\n}')).toBe(
      [
        'fn f() {',
        '  acc[0] += h0[0] * w.a;',
        '  acc[1] += h0[1] * w.b;',
        '  acc[2] += h0[2] * w.c;',
        '  acc[3] += h0[3] * w.d;',
        '  acc[4] += h1[0] * w.e;',
        '  acc[5] += h1[1] * w.f;',
        '  return;',
        '}',
      ].join('\n'),
    );
  });

  it('writes a block out up to the brace under its @repeat', () => {
    expect(writeOutRepeats('  @repeat(2) {\n    if (a) {\n      b = $i;\n    }\n  }\n}')).toBe(
      '  {\n    if (a) {\n      b = 0;\n    }\n  }\n  {\n    if (a) {\n      b = 1;\n    }\n  }\n}',
    );
  });

  it('leaves a source without repeats as it is', () => {
    const source = '// a line, @repeat(4) and $i in a comment\nfn f() { return; }\n';
    expect(writeOutRepeats(source)).toBe(source);
  });

  it('refuses a block without an end, a repeat in a repeat, and a placeholder outside', () => {
    expect(() => writeOutRepeats('@repeat(2) {\n  a;\n')).toThrow('has no end');
    expect(() => writeOutRepeats('@repeat(2) {\n  @repeat(2) a[$i] = 0;\n}')).toThrow('not in an @repeat of its own');
    expect(() => writeOutRepeats('let a = b$i;')).toThrow("'let a = b$i;'");
  });

  it('is what a kernel is compiled from', () => {
    const { wgsl } = defineKernel('toy', '@compute @workgroup_size(1)\nfn f() {\n@repeat(2) var a$i = 0u;\n}');
    expect(wgsl).toContain('var a0 = 0u;\nvar a1 = 0u;\n');
  });
});
