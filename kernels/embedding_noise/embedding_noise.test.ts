import { describe, expect, it } from 'vitest';
import { expectClose, testValues } from '../../test/harness/compare.ts';
import { testGpu } from '../../test/harness/gpu.ts';
import { runLaunches } from '../../test/harness/launch.ts';
import { philoxRef } from '../dropout/dropout.ref.ts';
import { cases } from './embedding_noise.cases.ts';
import { embeddingNoise } from './embedding_noise.ts';
import { embeddingNoiseRef } from './embedding_noise.ref.ts';

interface Case {
  readonly lengths: readonly number[];
  readonly cols: number;
  readonly amount: number;
  readonly nodeId: number;
  readonly seed: readonly number[];
}

function boundsOf(lengths: readonly number[]): Uint32Array {
  let first = 0;
  return Uint32Array.from(
    lengths.flatMap((length) => {
      const own = Array.from({ length }, () => [first, first + length]).flat();
      first += length;
      return own;
    }),
  );
}

function wordsOf(count: number, { nodeId, seed }: Case): number[] {
  return Array.from({ length: Math.ceil(count / 4) }, (_, block) => philoxRef([block, 0, nodeId, 0], seed)).flat();
}

/** @param fold how many rows of workgroups the grid has */
async function run(one: Case, { isOff = false, fold = 1 } = {}): Promise<{ x: Float32Array; got: number[] }> {
  const rows = one.lengths.reduce((sum, length) => sum + length, 0);
  const x = testValues(rows * one.cols, 3);
  const launch = embeddingNoise({ rows, ...one });
  const [groups] = launch.workgroups;
  const result = await runLaunches(await testGpu(), [{ ...launch, workgroups: [Math.ceil(groups / fold), fold, 1] }], {
    step: Uint32Array.from([...one.seed, 0, isOff ? 1 : 0]),
    bounds: boundsOf(one.lengths),
    // A tail that must stay as it is.
    x: Float32Array.from([...x, 7, 8]),
  });
  const all = [...(result['x'] ?? [])];
  expect(all.slice(-2)).toEqual([7, 8]);
  return { x, got: all.slice(0, -2) };
}

describe('embedding_noise', () => {
  it.each<Case>(cases)(
    'matches the f64 reference: sequences of $lengths, $cols columns, amount $amount',
    async (one) => {
      const { x, got } = await run(one);
      const wanted = embeddingNoiseRef(x, boundsOf(one.lengths), wordsOf(x.length, one), one.amount);
      // A sum of two and the rounding of a root and a quotient.
      expectClose(got, wanted, { rtol: 1e-6, atol: 1e-6 });
      const bound = one.amount / Math.sqrt(one.cols);
      for (const [e, value] of got.entries()) expect(Math.abs(value - (x[e] ?? NaN))).toBeLessThanOrEqual(bound + 1e-6);
      expect((await run(one, { fold: 2 })).got).toEqual(got);
      expect((await run(one, { fold: 3 })).got).toEqual(got);
    },
  );

  it('adds nothing in evaluation', async () => {
    const { x, got } = await run(cases[2], { isOff: true });
    expect(got).toEqual([...x]);
  });

  it('is uniform: its mean and its variance are those of the interval', () => {
    const one = cases[2];
    const count = 40_000;
    const bounds = Uint32Array.of(0, 1);
    const noise = embeddingNoiseRef(new Float64Array(count), bounds, wordsOf(count, one), Math.sqrt(count));
    const mean = noise.reduce((sum, value) => sum + value, 0) / count;
    const variance = noise.reduce((sum, value) => sum + value * value, 0) / count;
    // Five standard deviations of the mean of 40 000 values, and of their squares.
    expect(Math.abs(mean)).toBeLessThan(5 * Math.sqrt(1 / 3 / count));
    expect(Math.abs(variance - 1 / 3)).toBeLessThan(5 * Math.sqrt((1 / 5 - 1 / 9) / count));
  });
});
