import { describe, expect, it } from 'vitest';
import { keptRef } from '../../../kernels/dropout/dropout.ref.ts';
import { dropoutMask, philox4x32 } from './dropout-mask.ts';

describe('philox4x32', () => {
  // Known answers that Salmon et al. publish with their library (Random123, kat_vectors, philox4x32 10).
  it.each([
    { counter: [0, 0, 0, 0], key: [0, 0], words: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8] },
    {
      counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      key: [0xffffffff, 0xffffffff],
      words: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    },
    {
      counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      key: [0xa4093822, 0x299f31d0],
      words: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    },
  ] as const)('gives the published words for counter $counter', ({ counter, key, words }) => {
    expect(philox4x32(counter, key)).toEqual(words);
  });
});

describe('dropoutMask', () => {
  const seed = { low: 123, high: 456 };

  it('drops the share asked for and scales the rest', () => {
    const mask = dropoutMask(40_000, 0.3, 5, seed);
    const dropped = mask.filter((factor) => factor === 0).length;
    expect(dropped / mask.length).toBeGreaterThan(0.29);
    expect(dropped / mask.length).toBeLessThan(0.31);
    expect(new Set(mask)).toEqual(new Set([0, Math.fround(1 / 0.7)]));
  });

  it('is the mask of the kernel’s reference, bit for bit', () => {
    const seeds = [seed, { low: 0xffffffff, high: 0x80000001 }];
    for (const each of seeds) {
      const kept = keptRef(1003, 0.1, 77, [each.low, each.high]);
      expect(dropoutMask(1003, 0.1, 77, each)).toEqual(Float32Array.from(kept, (keep) => (keep ? 1 / 0.9 : 0)));
    }
  });

  it('depends on element, node and seed alone', () => {
    const mask = dropoutMask(1003, 0.5, 5, seed);
    expect(dropoutMask(37, 0.5, 5, seed)).toEqual(mask.subarray(0, 37));
    expect(dropoutMask(1003, 0.5, 6, seed)).not.toEqual(mask);
    expect(dropoutMask(1003, 0.5, 5, { low: 124, high: 456 })).not.toEqual(mask);
    expect(dropoutMask(1003, 0.5, 5, { low: 123, high: 457 })).not.toEqual(mask);
    expect(dropoutMask(9, 0, 5, seed)).toEqual(new Float32Array(9).fill(1));
  });
});
