import { describe, expect, it } from 'vitest';
import { Pcg32, shuffledIndexes, type RandomState } from './random.ts';

describe('Pcg32', () => {
  it('gives the numbers of the reference demo (pcg32-demo, seed 42, stream 54)', () => {
    const random = new Pcg32(42, 54);
    const numbers = Array.from({ length: 6 }, () => random.nextUint32());
    expect(numbers).toEqual([0xa15c02b7, 0x7b47f409, 0xba1d3330, 0x83d2f293, 0xbfa4784b, 0xcbed606e]);
  });

  it('equals the definition in 64-bit arithmetic', () => {
    const mask = (1n << 64n) - 1n;
    for (const [seed, stream] of [
      [0n, 0n],
      [mask, mask],
      [0xdead_beef_0bad_f00dn, 7n],
    ] as const) {
      const increment = ((stream << 1n) | 1n) & mask;
      let state = 0n;
      const step = (): number => {
        const old = state;
        state = (old * 6364136223846793005n + increment) & mask;
        const word = Number((((old >> 18n) ^ old) >> 27n) & 0xffff_ffffn);
        const turn = Number(old >> 59n);
        return ((word >>> turn) | (word << (-turn & 31))) >>> 0;
      };
      step();
      state = (state + seed) & mask;
      step();
      const random = new Pcg32(seed, stream);
      for (let i = 0; i < 2000; i++) expect(random.nextUint32()).toBe(step());
    }
  });

  it('goes on from a saved state, through JSON', () => {
    const random = new Pcg32(7, 3);
    random.nextUint32();
    const again = Pcg32.fromState(JSON.parse(JSON.stringify(random.saveState())) as RandomState);
    expect(Array.from({ length: 5 }, () => again.nextUint32())).toEqual(
      Array.from({ length: 5 }, () => random.nextUint32()),
    );
  });

  it('is fair below a bound and within [0, 1)', () => {
    const random = new Pcg32(1);
    const counts = new Array<number>(7).fill(0);
    for (let i = 0; i < 70_000; i++) {
      const value = random.nextBelow(7);
      counts[value] = (counts[value] ?? 0) + 1;
    }
    // Seven counts of mean 10,000 and deviation 93: five deviations.
    for (const n of counts) expect(Math.abs(n - 10_000)).toBeLessThan(465);
    let sum = 0;
    for (let i = 0; i < 10_000; i++) {
      const value = random.nextFloat();
      expect(value >= 0 && value < 1).toBe(true);
      sum += value;
    }
    expect(Math.abs(sum / 10_000 - 0.5)).toBeLessThan(0.015);
  });
});

describe('shuffledIndexes', () => {
  it('holds each index once, the same for the same seed', () => {
    const order = shuffledIndexes(100, new Pcg32(5));
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(shuffledIndexes(100, new Pcg32(5))).toEqual(order);
    expect(shuffledIndexes(100, new Pcg32(6))).not.toEqual(order);
    expect(shuffledIndexes(0, new Pcg32(5))).toHaveLength(0);
  });
});
