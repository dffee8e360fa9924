import { describe, expect, it } from 'vitest';
import { wilson } from '../../evaluate/statistics.ts';
import { changeOf, correctionSteps } from './outcome.ts';
import { MIN_HELD_OUT, MIN_PAIRS, splitPairs } from './split-pairs.ts';

const pairsTo = (questions: readonly string[]) =>
  questions.map((prompt, i) => ({ prompt, chosen: `good ${i}`, rejected: `bad ${i}` }));
const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `question ${i}`);

describe('pairs that are held out', () => {
  it('are two questions of five, and enough of twenty to check with', () => {
    const { train, heldOut } = splitPairs(pairsTo(numbered(MIN_PAIRS)));
    expect(heldOut.map(({ prompt }) => prompt)).toEqual([1, 3, 6, 8, 11, 13, 16, 18].map((i) => `question ${i}`));
    expect(train.length + heldOut.length).toBe(MIN_PAIRS);
    expect(heldOut.length).toBeGreaterThanOrEqual(MIN_HELD_OUT);
  });
  it('have no question in common with those of training', () => {
    const { train, heldOut } = splitPairs(pairsTo([...numbered(7), ...numbered(7)]));
    expect(heldOut).toHaveLength(6);
    expect(train.filter(({ prompt }) => heldOut.some((held) => held.prompt === prompt))).toEqual([]);
  });
  it('stay held out when more are added, and are twenty questions at most', () => {
    const few = splitPairs(pairsTo(numbered(23))).heldOut;
    const { train, heldOut } = splitPairs(pairsTo(numbered(300)));
    expect(heldOut.slice(0, few.length)).toEqual(few);
    expect(heldOut).toHaveLength(20);
    expect(train).toHaveLength(280);
  });
});

describe('a change', () => {
  const estimate = (right: number, n: number) => ({ value: right / n, ...wilson(right, n) });
  const of = (before: number, after: number, n: number) =>
    changeOf({ before: estimate(before, n), after: estimate(after, n) });
  it('is better or worse only where the difference may not be chance', () => {
    expect(of(4, 8, 8)).toBe('better'); // 0.5, at least 0.07
    expect(of(4, 7, 8)).toBe('unclear'); // 0.375, at least -0.07
    expect(of(18, 17, 20)).toBe('unclear');
    expect(of(18, 9, 20)).toBe('worse'); // -0.45, at most -0.16
  });
  it('is not made of a single answer, whatever came before', () => {
    for (const n of [5, 8, 20, 60]) {
      expect(of(n, n, n)).toBe('unclear');
      expect(of(n, n - 1, n)).toBe('unclear');
      expect(of(0, 1, n)).toBe('unclear');
    }
  });
});

describe('the updates of a correction', () => {
  it('take the time of twelve seconds at most, and are neither fewer nor more than are of use', () => {
    expect(correctionSteps(100, undefined)).toBe(correctionSteps(100, 1e-6));
    const steps = correctionSteps(200, 0.01);
    expect(steps * 200 * 0.01).toBeLessThanOrEqual(12);
    expect((steps + 1) * 200 * 0.01).toBeGreaterThan(12);
    expect(correctionSteps(1000, 1)).toBeGreaterThan(0);
  });
});
