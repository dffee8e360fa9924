import { expect, it } from 'vitest';
import { addRange, countBytes, missingPieces, type Range } from './ranges.ts';

it('agrees with a set of bytes', () => {
  const size = 40;
  let ranges: Range[] = [];
  const bytes = new Set<number>();
  for (const [from, to] of [
    [5, 9],
    [30, 31],
    [9, 12],
    [0, 0],
    [2, 6],
    [31, 38],
    [12, 30],
  ] as const) {
    ranges = addRange(ranges, [from, to]);
    for (let at = from; at < to; at += 1) bytes.add(at);
    expect(countBytes(ranges)).toBe(bytes.size);
    for (const pieceBytes of [1, 3, 64]) {
      const pieces = missingPieces(ranges, size, pieceBytes);
      const missing = pieces.flatMap(([a, b]) => Array.from({ length: b - a }, (_, i) => a + i));
      expect(missing).toEqual(Array.from({ length: size }, (_, i) => i).filter((at) => !bytes.has(at)));
      expect(pieces.every(([a, b]) => b > a && b - a <= pieceBytes)).toBe(true);
    }
  }
  expect(ranges).toEqual([[2, 38]]);
});
