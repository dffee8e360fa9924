import { describe, expect, it } from 'vitest';
import { scheduleRun } from './prepare-run.ts';
import { resolveTrainConfig } from './config.ts';
import type { RunData } from './run-data.ts';
import { smallerFootprint, type Footprint } from './memory-remedy.ts';

const begun = (parts: Partial<Footprint['kernels']> = {}): Footprint => ({
  kernels: { executor: 'webgpu', variant: 'serial', checkpointing: 'none', optimizerState: 'f32', ...parts },
  split: 1,
});

/** Splits of a micro-batch, one after the other. */
function splits(footprint: Footprint, batchSize: number): number[] {
  const smaller = smallerFootprint(footprint, batchSize);
  return smaller === undefined ? [] : [smaller.split, ...splits(smaller, batchSize)];
}

describe('a smaller footprint', () => {
  it('keeps less first, where a GPU does the work, and then takes micro-batches apart until they have one row', () => {
    expect(smallerFootprint(begun({ checkpointing: 'block' }), 4)).toEqual(
      begun({ checkpointing: 'block-and-attention' }),
    );
    expect(splits(begun(), 12)).toEqual([1, 2, 4, 12]);
    expect(splits(begun({ executor: 'cpu', variant: 'tfjs' }), 5)).toEqual([5]);
    expect(splits(begun({ checkpointing: 'block-and-attention' }), 1)).toEqual([]);
  });

  it.each([
    { packing: false, steps: 7 },
    { packing: false, epochs: 3 },
    { packing: true, steps: 5 },
    { packing: true, epochs: 2 },
  ])('leaves every update its rows, in their order: %o', (length) => {
    const rows = 23;
    const config = resolveTrainConfig({ batchSize: 6, accumulate: 2, seqLen: 40, ...length });
    const data = { train: Array.from({ length: rows }), seqLen: 40 } as unknown as RunData;
    const updates = (split: number): number[][] => {
      const { steps } = scheduleRun(config, data, (row) => 7 + ((row * 5) % 20), split);
      const all = [...steps.from(0)].map(({ microBatches }) => microBatches.flat());
      expect(all).toHaveLength(steps.count);
      return all;
    };
    for (const split of [2, 3, 6]) expect(updates(split)).toEqual(updates(1));
  });
});
