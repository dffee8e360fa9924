import { describe, expect, it } from 'vitest';
import { mixReplay, type MixedRow } from './replay.ts';

const of = (from: MixedRow['from'], mixed: readonly MixedRow[]): number[] =>
  mixed.flatMap((one) => (one.from === from ? [one.row] : []));

describe('replayed rows', () => {
  it.each([
    [80, 500, 0.2, 20],
    [100, 7, 0.5, 100],
    [3, 10, 0.01, 1],
    [20, 10, 0.9, 180],
  ])('are the share asked for, among %i own rows and %i to replay: %f', (own, replay, share, count) => {
    const mixed = mixReplay(own, replay, share, 5);
    expect(of('own', mixed)).toEqual(Array.from({ length: own }, (_, i) => i));
    const taken = of('replay', mixed);
    expect(taken).toHaveLength(count);
    // Each once before any is taken again.
    const times = Array.from({ length: replay }, (_, row) => taken.filter((one) => one === row).length);
    expect(Math.max(...times) - Math.min(...times)).toBeLessThanOrEqual(1);
  });

  it('lie evenly among the others', () => {
    const at = mixReplay(90, 50, 0.25, 1).flatMap(({ from }, i) => (from === 'replay' ? [i] : []));
    for (const [i, place] of at.slice(1).entries()) expect(place - (at[i] ?? 0)).toBe(4);
  });

  it('are chosen by the seed', () => {
    expect(mixReplay(50, 100, 0.3, 1)).toEqual(mixReplay(50, 100, 0.3, 1));
    expect(mixReplay(50, 100, 0.3, 2)).not.toEqual(mixReplay(50, 100, 0.3, 1));
  });
});
