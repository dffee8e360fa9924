import { describe, expect, it } from 'vitest';
import {
  expectClose,
  expectFiniteDifferences,
  expectNonTrivial,
  reductionTolerance,
  testValues,
} from '../../test/harness/compare.ts';
import { testGpu } from '../../test/harness/gpu.ts';
import { runLaunches } from '../../test/harness/launch.ts';
import { matmulNtRef } from '../matmul_nt/matmul_nt.ref.ts';
import { cases } from './matmul_tn.cases.ts';
import { matmulTnRef } from './matmul_tn.ref.ts';
import { matmulTn, type MatmulTnEntry } from './matmul_tn.ts';

const entries = ['serial', 'quads', 'tile', 'naive'] as const;

/** Columns [offset, offset + width) of rows of length `stride`. */
function columns(values: Float32Array, rows: number, stride: number, offset: number, width: number): Float64Array {
  return Float64Array.from(
    { length: rows * width },
    (_, at) => values[Math.floor(at / width) * stride + offset + (at % width)] ?? 0,
  );
}

describe('matmul_tn', () => {
  it.each(cases)('matches the f64 reference: $rows, $p x $q, alpha $alpha, accumulate $accumulate', async (shape) => {
    const { rows, p, q, alpha, accumulate } = shape;
    const wanted: readonly MatmulTnEntry[] = 'only' in shape ? shape.only : entries;
    const strides = wanted.includes('narrow')
      ? { aStride: p + 8, aOffset: 4, bStride: q + 4, bOffset: 4, gStride: q + 5 }
      : { aStride: p + 6, aOffset: 5, bStride: q + 3, bOffset: 2, gStride: q + 4 };
    const a = testValues(rows * strides.aStride, 1);
    const b = testValues(rows * strides.bStride, 2);
    const before = testValues(p * strides.gStride, 3);
    const ownA = columns(a, rows, strides.aStride, strides.aOffset, p);
    const ownB = columns(b, rows, strides.bStride, strides.bOffset, q);
    const product = matmulTnRef(ownA, ownB, rows, p, q, alpha);
    // Padding of rows of g stays as it was.
    const expected = Float64Array.from(before, (kept, at) => {
      const col = at % strides.gStride;
      if (col >= q) return kept;
      return (product[Math.floor(at / strides.gStride) * q + col] ?? 0) + (accumulate ? kept : 0);
    });
    expectNonTrivial(expected);
    for (const entry of wanted) {
      const launch = matmulTn({ ...shape, ...strides, variant: 'serial' }, entry);
      // As if one grid dimension held half of the workgroups only.
      const workgroups = [Math.ceil(launch.workgroups[0] / 2), 2, 1] as const;
      const { g } = await runLaunches(await testGpu(), [{ ...launch, workgroups }], { a, b, g: before });
      expectClose(g ?? [], expected, reductionTolerance(rows, 8, 10), entry, [p, strides.gStride]);
    }
  });

  it('is the gradient of matmul_nt in both LoRA matrices', () => {
    const [rows, inner, rank, outer] = [6, 5, 2, 4];
    const x = Float64Array.from(testValues(rows * inner, 1));
    const a = Float64Array.from(testValues(rank * inner, 2));
    const b = Float64Array.from(testValues(outer * rank, 3));
    const dy = Float64Array.from(testValues(rows * outer, 4));
    const hidden = (): Float64Array => matmulNtRef(x, a, rows, inner, rank);
    const loss = (): number =>
      matmulNtRef(hidden(), b, rows, rank, outer).reduce((sum, v, at) => sum + v * (dy[at] ?? 0), 0);
    expectFiniteDifferences(loss, b, matmulTnRef(dy, hidden(), rows, outer, rank), { label: 'dB' });
    const dh = new Float64Array(rows * rank);
    for (let n = 0; n < rows; n += 1) {
      for (let r = 0; r < rank; r += 1) {
        for (let o = 0; o < outer; o += 1) {
          dh[n * rank + r] = (dh[n * rank + r] ?? 0) + (dy[n * outer + o] ?? 0) * (b[o * rank + r] ?? 0);
        }
      }
    }
    expectFiniteDifferences(loss, a, matmulTnRef(dh, x, rows, rank, inner), { label: 'dA' });
  });

  it.each([
    { variant: 'serial', q: 21 },
    { variant: 'serial-quad', q: 21 },
    { variant: 'workgroup', q: 21 },
    { variant: 'workgroup', q: 20 },
  ] as const)('gives the same bits when rows of zeros are appended: $variant, $q columns', async ({ variant, q }) => {
    const p = 4;
    const run = async (rows: number): Promise<Float32Array> => {
      const a = new Float32Array(rows * p);
      a.set(testValues(37 * p, 1));
      const b = new Float32Array(rows * q);
      b.set(testValues(37 * q, 2));
      const launch = matmulTn({ rows, p, q, alpha: 1, accumulate: false, variant });
      const { g } = await runLaunches(await testGpu(), [launch], { a, b, g: new Float32Array(p * q) });
      return Float32Array.from(g ?? []);
    };
    expect(await run(64)).toEqual(await run(37));
  });
});
