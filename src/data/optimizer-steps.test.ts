import { describe, expect, it } from 'vitest';
import { countSequences, planOptimizerSteps } from './optimizer-steps.ts';
import type { StepOptions } from './optimizer-steps.ts';

function options(more: Partial<StepOptions>): StepOptions {
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

const batches = (more: Partial<StepOptions>, first = 0) =>
  [...planOptimizerSteps(options(more)).from(first)].map((step) => step.microBatches);

describe('planOptimizerSteps', () => {
  it('takes rows in file order, round and round, with steps that straddle epochs', () => {
    expect(batches({ steps: 4 })).toEqual([
      [[0], [1]],
      [[2], [3]],
      [[4], [0]],
      [[1], [2]],
    ]);
  });

  it('ends an epoch with a short step', () => {
    const plan = planOptimizerSteps(options({ epochs: 2 }));
    const steps = [...plan.from(0)];
    expect(steps.map((step) => step.microBatches)).toEqual([
      [[0], [1]],
      [[2], [3]],
      [[4]],
      [[0], [1]],
      [[2], [3]],
      [[4]],
    ]);
    expect(steps.map((step) => step.epoch)).toEqual([0.4, 0.8, 1, 1.4, 1.8, 2]);
    expect(steps.map((step) => step.index)).toEqual([0, 1, 2, 3, 4, 5]);
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
      const all = [...planOptimizerSteps(options(more)).from(0)];
      expect(all).toHaveLength(planOptimizerSteps(options(more)).count);
      for (let first = 0; first <= all.length; first++) {
        expect([...planOptimizerSteps(options(more)).from(first)]).toEqual(all.slice(first));
      }
    }
  });

  it('k micro-batches of 1 hold the rows of one of k', () => {
    const single = batches({ steps: 5, accumulate: 4, shuffle: true }).map((step) => step.flat());
    const whole = batches({ steps: 5, accumulate: 1, batchSize: 4, shuffle: true }).map((step) => step.flat());
    expect(single).toEqual(whole);
  });

  it('wants either steps or epochs, and rows', () => {
    expect(() => planOptimizerSteps(options({}))).toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: planOptimizerSteps: options: got {"rowCount":5,"batchSize":1,"accumulate":2}, wanted positive whole numbers and either steps or epochs]`,
    );
    expect(() => planOptimizerSteps(options({ steps: 1, epochs: 1 }))).toThrow('wanted positive whole numbers');
    expect(() => planOptimizerSteps(options({ rowCount: 0, steps: 1 }))).toThrow('wanted positive whole numbers');
  });
});
