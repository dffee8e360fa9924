import { describe, expect, it } from 'vitest';
import { f16ToF32 } from '../../src/formats/float.ts';
import { expectClose, testValues } from '../../test/harness/compare.ts';
import { testGpu } from '../../test/harness/gpu.ts';
import { runLaunches } from '../../test/harness/launch.ts';
import { cases } from './row_halves.cases.ts';
import { rowHalvesRef } from './row_halves.ref.ts';
import { rowHalves, rowHalvesWords, type RowHalvesArgs } from './row_halves.ts';

const TAIL = 70;

interface Unpacked {
  /** In the unit of x. */
  readonly values: Float64Array;
  readonly padding: readonly number[];
  readonly factors: Float32Array;
  readonly rest: readonly number[];
}

async function pack(x: Float32Array, args: RowHalvesArgs): Promise<Unpacked> {
  const { rows, cols } = args;
  const words = rowHalvesWords(cols);
  const launch = rowHalves(args);
  // As if one grid dimension held half of the workgroups only.
  const workgroups = [Math.ceil(launch.workgroups[0] / 2), 2, 1] as const;
  const tail = Uint32Array.from({ length: TAIL }, (_, i) => i + 3);
  const before = new Uint32Array(rows * words + TAIL).fill(0x12345678);
  before.set(tail, rows * words);
  const { halves } = await runLaunches(await testGpu(), [{ ...launch, workgroups }], { x, halves: before });
  const packed = Uint32Array.from(halves ?? []);
  expect(packed.slice(rows * words)).toEqual(tail);
  const values = new Float64Array(rows * cols);
  const padding: number[] = [];
  const factors = new Float32Array(rows);
  const rest: number[] = [];
  for (let n = 0; n < rows; n += 1) {
    const row = packed.subarray(n * words, (n + 1) * words);
    const factor = new Float32Array(row.slice(words - 4).buffer)[0] ?? Number.NaN;
    factors[n] = factor;
    rest.push(...row.subarray(words - 3));
    for (let k = 0; k < (words - 4) * 2; k += 1) {
      const value = f16ToF32(((row[k >> 1] ?? 0) >>> ((k & 1) * 16)) & 0xffff);
      if (k < cols) values[n * cols + k] = value * factor;
      else padding.push(value);
    }
  }
  return { values, padding, factors, rest };
}

describe('row_halves', () => {
  it.each(cases)('keeps eleven bits of each value: $rows x $cols of $stride', async (args) => {
    const { rows, cols, stride } = args;
    const x = testValues(rows * stride, 1);
    // Rows of any magnitude: large activations, gradients that f16 itself would lose, the ends of f32's range.
    const scales = [1, 1e4, 1e-9, 3e30, 2e-34, 1e-12, 5e-3];
    x.forEach((value, at) => (x[at] = value * (scales[Math.floor(at / stride) % scales.length] ?? 1)));
    const wanted = rowHalvesRef(Float64Array.from(x), args);
    const got = await pack(x, args);
    expectClose(got.factors, wanted.factors, { rtol: 0, atol: 0 }, 'factors');
    got.values.forEach((value, at) => {
      // A spacing: WGSL leaves the rounding to the adapter.
      const bound = wanted.spacings[at] ?? 0;
      expect(Math.abs(value - (wanted.values[at] ?? 0)), `value ${at} of ${cols} a row`).toBeLessThanOrEqual(bound);
    });
    expect(got.padding.every((value) => value === 0)).toBe(true);
    expect(got.rest.every((word) => word === 0)).toBe(true);
  });

  it('keeps small values beside large ones, and rows of zeros', async () => {
    const x = Float32Array.of(3, 2 ** -24, -(2 ** -27), 0, 0, 0, 0, 0);
    const { values, factors } = await pack(x, { rows: 2, cols: 4, stride: 4, offset: 0 });
    expect([...values.map((value) => value + 0)]).toEqual([...x]);
    expect(factors[0]).toBe(2 ** -13);
    expect(factors[1]).toBe(2 ** -126);
  });

  it.each([Number.NaN, Infinity, -Infinity])(
    'makes the factor of a row NaN that holds %s, and of no other',
    async (bad) => {
      const x = testValues(3 * 77, 2);
      x[77 + 70] = bad;
      const { values, factors } = await pack(x, { rows: 3, cols: 77, stride: 77, offset: 0 });
      expect([...factors].map(Number.isNaN)).toEqual([false, true, false]);
      expect([...values].map(Number.isNaN)).toEqual([...x].map((_, at) => Math.floor(at / 77) === 1));
    },
  );
});
