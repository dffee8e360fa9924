import { describe, expect, it } from 'vitest';
import { countSequences, planWindows } from './windows.ts';
import type { WindowOptions } from './windows.ts';

function options(more: Partial<WindowOptions>): WindowOptions {
  const rowCount = more.rowCount ?? 5;
  return {
    rowCount,
    batchSize: 1,
    accumulate: 2,
    shuffle: false,
    seed: 0,
    packing: false,
    lengths: new Array<number>(rowCount).fill(4),
    seqLen: 8,
    ...more,
  };
}

const batches = (more: Partial<WindowOptions>, window = 0) =>
  [...planWindows(options(more)).from({ window })].map((w) => w.microBatches);

describe('planWindows', () => {
  it('takes rows in file order, round and round, with windows that straddle epochs', () => {
    expect(batches({ steps: 4 })).toEqual([
      [[0], [1]],
      [[2], [3]],
      [[4], [0]],
      [[1], [2]],
    ]);
  });

  it('ends an epoch with a short window', () => {
    const plan = planWindows(options({ epochs: 2 }));
    const windows = [...plan.from({ window: 0 })];
    expect(windows.map((w) => w.microBatches)).toEqual([[[0], [1]], [[2], [3]], [[4]], [[0], [1]], [[2], [3]], [[4]]]);
    expect(windows.map((w) => w.epoch)).toEqual([0.4, 0.8, 1, 1.4, 1.8, 2]);
    expect(windows.map((w) => w.index)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(plan.count).toBe(6);
  });

  it('fills micro-batches with batchSize sequences, the last one of an epoch short', () => {
    expect(batches({ epochs: 1, batchSize: 2, accumulate: 1 })).toEqual([[[0, 1]], [[2, 3]], [[4]]]);
    expect(batches({ steps: 2, batchSize: 3 })).toEqual([
      [
        [0, 1, 2],
        [3, 4, 0],
      ],
      [
        [1, 2, 3],
        [4, 0, 1],
      ],
    ]);
  });

  it('packs rows greedily up to seqLen and counts packed sequences', () => {
    const packing = { packing: true, lengths: [3, 5, 1, 8, 2], seqLen: 8 };
    // Sequences: 0 1 | 2 | 3 | 4, and with steps 4 goes on with 0 (2 + 3) but not 1.
    expect(batches({ ...packing, epochs: 1 })).toEqual([
      [[0, 1], [2]],
      [[3], [4]],
    ]);
    expect(batches({ ...packing, epochs: 1, batchSize: 2, accumulate: 1 })).toEqual([[[0, 1, 2]], [[3, 4]]]);
    expect(batches({ ...packing, steps: 3 })).toEqual([
      [[0, 1], [2]],
      [[3], [4, 0]],
      [[1, 2], [3]],
    ]);
    expect(countSequences(options(packing))).toBe(4);
    expect(countSequences(options({}))).toBe(5);
  });

  it('shuffles each epoch anew, every row once, the same for the same seed', () => {
    const shuffled = { rowCount: 20, shuffle: true, epochs: 2, accumulate: 1 };
    const rows = batches(shuffled).flat(2);
    const inOrder = Array.from({ length: 20 }, (_, i) => i);
    for (const epoch of [rows.slice(0, 20), rows.slice(20)]) {
      expect([...epoch].sort((a, b) => a - b)).toEqual(inOrder);
      expect(epoch).not.toEqual(inOrder);
    }
    expect(rows.slice(0, 20)).not.toEqual(rows.slice(20));
    expect(batches(shuffled).flat(2)).toEqual(rows);
    expect(batches({ ...shuffled, seed: 1 }).flat(2)).not.toEqual(rows);
  });

  it('goes on from any position as if it had not stopped', () => {
    for (const more of [
      { shuffle: true, steps: 9 },
      { shuffle: true, epochs: 3, packing: true, lengths: [3, 5, 1, 8, 2] },
    ]) {
      const all = [...planWindows(options(more)).from({ window: 0 })];
      expect(all).toHaveLength(planWindows(options(more)).count);
      for (let window = 0; window <= all.length; window++) {
        expect([...planWindows(options(more)).from({ window })]).toEqual(all.slice(window));
      }
    }
  });

  it('k micro-batches of 1 hold the rows of one of k', () => {
    const single = batches({ steps: 5, accumulate: 4, shuffle: true }).map((window) => window.flat());
    const whole = batches({ steps: 5, accumulate: 1, batchSize: 4, shuffle: true }).map((window) => window.flat());
    expect(single).toEqual(whole);
  });

  it('wants either steps or epochs, and rows', () => {
    expect(() => planWindows(options({}))).toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: planWindows: options: got {"rowCount":5,"batchSize":1,"accumulate":2}, wanted positive whole numbers and either steps or epochs]`,
    );
    expect(() => planWindows(options({ steps: 1, epochs: 1 }))).toThrow('wanted positive whole numbers');
    expect(() => planWindows(options({ rowCount: 0, steps: 1 }))).toThrow('wanted positive whole numbers');
  });
});
