import { describe, expect, it } from 'vitest';
import { openToy } from '../../test/harness/toy-llama.ts';
import { readMatrix } from '../base/base-format.ts';
import { streamMatrix } from './stream-matrix.ts';

describe('a matrix read some rows at a time', () => {
  it.each(['f32', 'f16', 'bf16', 'q8', 'q4', 'nf4'] as const)('is in %s what it is as a whole', async (format) => {
    const opened = await openToy('toy-llama');
    let pieces = 0;
    for (const spec of opened.model.weights.filter(({ kind }) => kind === 'matrix')) {
      const whole = await readMatrix(opened, spec, format);
      const codes: number[] = [];
      let scales: Uint32Array = new Uint32Array(0);
      for await (const piece of streamMatrix(opened, spec, format, 1)) {
        pieces += 1;
        if (piece.codes !== undefined) {
          expect(codes.length).toBe((piece.firstRow * whole.codes.length) / whole.rows);
          codes.push(...piece.codes);
        }
        scales = piece.scales ?? scales;
      }
      expect(Uint32Array.from(codes)).toEqual(whole.codes);
      expect(scales).toEqual(whole.scales);
    }
    expect(pieces).toBeGreaterThan(2 * opened.model.weights.filter(({ kind }) => kind === 'matrix').length);
  });
});
