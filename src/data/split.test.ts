import { describe, expect, it } from 'vitest';
import { splitRows } from './split.ts';

describe('splitRows', () => {
  it.each([
    [10, 0.1, 1],
    [10, 0.25, 3],
    [2, 0.01, 1],
    [2, 0.99, 1],
    [1000, 0.5, 500],
  ])('%i rows at %f hold out %i, disjoint and complete', (rowCount, fraction, expected) => {
    const { train, held } = splitRows(rowCount, fraction, 0);
    expect(held).toHaveLength(expected);
    expect([...train, ...held].sort((a, b) => a - b)).toEqual(Array.from({ length: rowCount }, (_, i) => i));
    expect(train).toEqual([...train].sort((a, b) => a - b));
  });

  it('is chosen by the seed', () => {
    expect(splitRows(100, 0.2, 3)).toEqual(splitRows(100, 0.2, 3));
    expect(splitRows(100, 0.2, 3).held).not.toEqual(splitRows(100, 0.2, 4).held);
  });

  it('holds out nothing at 0', () => {
    expect(splitRows(3, 0, 0)).toEqual({ train: [0, 1, 2], held: [] });
  });

  it('says what it wants', () => {
    expect(() => splitRows(10, 1, 0)).toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: evalSplit: got 1, wanted a fraction from 0 to below 1; use 0.1 to hold out every tenth row]`,
    );
    expect(() => splitRows(10, Number.NaN, 0)).toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: evalSplit: got NaN, wanted a fraction from 0 to below 1; use 0.1 to hold out every tenth row]`,
    );
    expect(() => splitRows(1, 0.5, 0)).toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: evalSplit: got 1 usable row, wanted at least 2, one to train on and one to hold out; add rows or use evalSplit 0]`,
    );
  });
});
