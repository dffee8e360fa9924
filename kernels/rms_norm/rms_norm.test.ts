import { describe, expect, it } from 'vitest';
import type { Launch } from '../../src/gpu/kernel.ts';
import {
  expectClose,
  expectFiniteDifferences,
  expectNonTrivial,
  reductionTolerance,
  testValues,
} from '../../test/harness/compare.ts';
import { testGpu } from '../../test/harness/gpu.ts';
import { runLaunches } from '../../test/harness/launch.ts';
import { opFixture } from '../../test/harness/op-fixture.ts';
import { cases } from './rms_norm.cases.ts';
import { rmsNormBackwardRef, rmsNormForwardRef } from './rms_norm.ref.ts';
import { rmsNormBackward, rmsNormForward } from './rms_norm.ts';

describe.each(['serial', 'workgroup'] as const)('rms_norm, %s', (variant) => {
  it.each(cases)('matches the f64 reference: $rows x $cols, eps $eps', async (args) => {
    const gpu = await testGpu();
    const { rows, cols, eps } = args;
    const weightOffset = 'weightOffset' in args ? args.weightOffset : 0;
    // Small inputs, so that eps takes part in the result.
    const x = testValues(rows * cols, 1, 0.05);
    const w = testValues(cols, 2).map((v) => v + 1);
    const dy = testValues(rows * cols, 3);
    const before = testValues(rows * cols, 4);
    const expected = rmsNormForwardRef(Float64Array.from(x), Float64Array.from(w), rows, eps, weightOffset);
    const dx = rmsNormBackwardRef(
      Float64Array.from(x),
      Float64Array.from(w),
      Float64Array.from(dy),
      rows,
      eps,
      weightOffset,
    );
    expectNonTrivial(expected.y);
    const shape = { rows, cols, eps, weightOffset, variant };
    const forward = await runLaunches(gpu, [rmsNormForward(shape)], {
      x,
      w,
      rstd: new Float32Array(rows),
      y: before.slice(),
    });
    expectClose(forward['rstd'] ?? [], expected.rstd, reductionTolerance(cols), 'rstd');
    expectClose(forward['y'] ?? [], expected.y, reductionTolerance(cols), 'y', [rows, cols]);
    const saved = Float32Array.from(expected.rstd);
    for (const accumulate of [false, true]) {
      const backward = await runLaunches(gpu, [rmsNormBackward({ ...shape, accumulate })], {
        x,
        w,
        dy,
        rstd_saved: saved,
        dx: before.slice(),
      });
      const wanted = dx.map((v, i) => v + (accumulate ? (before[i] ?? 0) : 0));
      expectClose(backward['dx'] ?? [], wanted, reductionTolerance(cols, 8, 30), `dx, accumulate ${accumulate}`, [
        rows,
        cols,
      ]);
    }
  });

  it.each(['odd', 'toy', 'wide', 'outlier', 'one'])('agrees with PyTorch: %s', async (name) => {
    const fixture = opFixture('rms_norm', name);
    const [rows = 0, cols = 0] = fixture.shape('x');
    const { eps } = fixture.attributes as { eps: number };
    const [x, w, dy] = [fixture.floats('x'), fixture.floats('w'), fixture.floats('dy')];
    const buffers = {
      x,
      w,
      dy,
      rstd: new Float32Array(rows),
      y: new Float32Array(rows * cols),
      dx: new Float32Array(rows * cols),
    };
    const shape = { rows, cols, eps, variant };
    const launches = [rmsNormForward(shape), rmsNormBackward({ ...shape, accumulate: false })];
    const result = await runLaunches(await testGpu(), launches, buffers, [{}, { rstd_saved: 'rstd' }]);
    expectClose(result['y'] ?? [], fixture.floats('y'), reductionTolerance(cols), 'y', [rows, cols]);
    expectClose(result['dx'] ?? [], fixture.floats('dx'), reductionTolerance(cols, 8, 10), 'dx', [rows, cols]);
  });

  it('gives the same bits twice, over a folded grid, and with fewer rows', async () => {
    const gpu = await testGpu();
    const shape = { rows: 70, cols: 12, eps: 1e-5, variant };
    const buffers = {
      x: testValues(840, 8),
      w: testValues(12, 9),
      rstd: new Float32Array(70),
      y: new Float32Array(840),
    };
    const launch = rmsNormForward(shape);
    const folded: Launch = { ...launch, workgroups: [Math.ceil(launch.workgroups[0] / 2) + 1, 2, 1] };
    const once = await runLaunches(gpu, [launch], buffers);
    expectNonTrivial(once['y'] ?? []);
    expect(await runLaunches(gpu, [launch], buffers)).toEqual(once);
    expect(await runLaunches(gpu, [folded], buffers)).toEqual(once);
    const few = await runLaunches(gpu, [rmsNormForward({ ...shape, rows: 3 })], {
      ...buffers,
      x: buffers.x.slice(0, 36),
    });
    expect(few['y']?.slice(0, 36)).toEqual(once['y']?.slice(0, 36));
    expect(few['y']?.slice(36).every((v) => v === 0)).toBe(true);
  });

  it.each([69, 70])('leaves rows past the end alone, over a grid of two columns: %i rows', async (rows) => {
    const gpu = await testGpu();
    const [cols, held] = [12, 74]; // buffers hold rows that the launch must not touch
    const shape = { rows, cols, eps: 1e-5, variant };
    const [x, w, dy] = [testValues(held * cols, 1), testValues(cols, 2), testValues(held * cols, 3)];
    const before = testValues(held * cols, 4);
    const { y, rstd } = rmsNormForwardRef(Float64Array.from(x), Float64Array.from(w), held, 1e-5);
    const dx = rmsNormBackwardRef(Float64Array.from(x), Float64Array.from(w), Float64Array.from(dy), held, 1e-5);
    const kept = testValues(held, 5);
    const twoColumns = (launch: Launch): Launch => ({
      ...launch,
      workgroups: [2, Math.ceil(launch.workgroups[0] / 2), 1],
    });
    const forward = await runLaunches(gpu, [twoColumns(rmsNormForward(shape))], { x, w, rstd: kept, y: before });
    const upTo = (values: ArrayLike<number>, rest: ArrayLike<number>, width: number): number[] =>
      Array.from(rest, (v, i) => (i < rows * width ? (values[i] ?? Number.NaN) : v));
    expectClose(forward['rstd'] ?? [], upTo(rstd, kept, 1), reductionTolerance(cols), 'rstd');
    expectClose(forward['y'] ?? [], upTo(y, before, cols), reductionTolerance(cols), 'y', [held, cols]);
    const buffers = { x, w, dy, rstd_saved: Float32Array.from(rstd), dx: before };
    const backward = await runLaunches(gpu, [twoColumns(rmsNormBackward({ ...shape, accumulate: false }))], buffers);
    expectClose(backward['dx'] ?? [], upTo(dx, before, cols), reductionTolerance(cols, 8, 30), 'dx', [held, cols]);
  });
});

it('has a reference whose gradient agrees with central differences', () => {
  const [rows, cols] = [3, 7];
  const x = Float64Array.from(testValues(rows * cols, 5));
  const w = Float64Array.from(testValues(cols, 6));
  const dy = Float64Array.from(testValues(rows * cols, 7));
  const loss = (): number => rmsNormForwardRef(x, w, rows, 1e-3).y.reduce((sum, v, i) => sum + v * (dy[i] ?? 0), 0);
  expectFiniteDifferences(loss, x, rmsNormBackwardRef(x, w, dy, rows, 1e-3));
});
