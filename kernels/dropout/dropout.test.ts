import { describe, expect, it } from 'vitest';
import { expectClose, testValues } from '../../test/harness/compare.ts';
import { testGpu } from '../../test/harness/gpu.ts';
import { runLaunches } from '../../test/harness/launch.ts';
import { cases } from './dropout.cases.ts';
import { dropoutRef, keptRef, philoxRef } from './dropout.ref.ts';
import { dropout, type DropoutArgs } from './dropout.ts';

async function run(
  args: DropoutArgs,
  seed: readonly number[],
  x: Float32Array,
  y = testValues(x.length, 9),
): Promise<number[]> {
  const result = await runLaunches(await testGpu(), [dropout(args)], { step: Uint32Array.from([...seed, 0, 0]), x, y });
  // + 0 turns the negative zero of a dropped negative into zero.
  return [...(result['y'] ?? [])].map((v) => v + 0);
}

describe('dropout', () => {
  it('has a reference that gives the published vectors of Philox4x32-10', () => {
    expect(philoxRef([0, 0, 0, 0], [0, 0])).toEqual([0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
    const ones = 0xffffffff;
    expect(philoxRef([ones, ones, ones, ones], [ones, ones])).toEqual([0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]);
    const pi = [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344];
    expect(philoxRef(pi, [0xa4093822, 0x299f31d0])).toEqual([0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1]);
  });

  it.each(cases)(
    'gives the reference bits: $count elements, p $p, node $nodeId',
    async ({ count, p, nodeId, seed }) => {
      const x = testValues(count, 1);
      expect(await run({ count, p, nodeId }, seed, x)).toEqual([...dropoutRef(x, p, nodeId, seed)]);
    },
  );

  it('keeps everything as it is in evaluation', async () => {
    const x = testValues(90, 6);
    const result = await runLaunches(await testGpu(), [dropout({ count: 90, p: 0.5, nodeId: 1 })], {
      step: Uint32Array.of(1, 2, 0, 1),
      x,
      y: new Float32Array(90),
    });
    expect(result['y']).toEqual(x);
  });

  it('has the mask of the forward pass in the backward pass, added to a gradient where asked', async () => {
    const [x, dy, before] = [testValues(200, 2), testValues(200, 3), testValues(200, 4)];
    const args = { count: 200, p: 0.4, nodeId: 5 };
    const y = await run(args, [7, 8], x);
    const dx = await run({ ...args, accumulate: true }, [7, 8], dy, before);
    const expected = Float64Array.from(dy, (v, e) => (y[e] === 0 ? 0 : v / 0.6) + (before[e] ?? 0));
    expectClose(dx, expected, { rtol: 3e-7, atol: 3e-7 });
  });

  it('gives an element the same mask however many rows follow it, and over a folded grid', async () => {
    const x = testValues(70 * 26, 5);
    const all = await run({ count: 70 * 26, p: 0.3, nodeId: 2 }, [1, 2], x);
    for (const rows of [1, 3, 69])
      expect(await run({ count: rows * 26, p: 0.3, nodeId: 2 }, [1, 2], x.slice(0, rows * 26))).toEqual(
        all.slice(0, rows * 26),
      );
    const launch = dropout({ count: 70 * 26, p: 0.3, nodeId: 2 });
    const buffers = { step: Uint32Array.of(1, 2, 0, 0), x, y: new Float32Array(x.length) };
    const folded = await runLaunches(
      await testGpu(),
      [{ ...launch, workgroups: [Math.ceil(launch.workgroups[0] / 2), 2, 1] }],
      buffers,
    );
    expect([...(folded['y'] ?? [])].map((v) => v + 0)).toEqual(all);
  });

  it('drops the right share, independently of neighbours, rows, seeds and nodes', () => {
    const [count, p] = [40_000, 0.1];
    const masks = [
      keptRef(count, p, 0, [1, 0]),
      keptRef(count, p, 1, [1, 0]),
      keptRef(count, p, 0, [2, 0]),
      keptRef(count, p, 0, [1, 1]),
    ];
    // Five standard deviations of the number of coincidences of independent drops.
    const expectShare = (hits: number, share: number): void => {
      expect(Math.abs(hits / count - share)).toBeLessThan(5 * Math.sqrt((share * (1 - share)) / count));
    };
    for (const mask of masks) {
      expectShare(mask.filter((kept) => !kept).length, p);
      for (const lag of [1, 2, 4, 64])
        expectShare(mask.filter((kept, e) => !kept && mask[(e + lag) % count] === false).length, p * p);
    }
    masks
      .slice(1)
      .forEach((mask) => expectShare(mask.filter((kept, e) => !kept && masks[0]?.[e] === false).length, p * p));
  });

  it('refuses a probability outside [0, 1)', () => {
    for (const p of [-0.1, 1, Number.NaN]) expect(() => dropout({ count: 4, p, nodeId: 0 })).toThrow('dropout: p');
  });
});
