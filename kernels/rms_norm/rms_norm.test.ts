import { describe, expect, it } from 'vitest';
import { expectClose, expectFiniteDifferences, expectNonTrivial, reductionTolerance, testValues } from '../../test/harness/compare.ts';
import { testGpu } from '../../test/harness/gpu.ts';
import { runLaunches } from '../../test/harness/launch.ts';
import { cases } from './rms_norm.cases.ts';
import { rmsNormBackwardRef, rmsNormForwardRef } from './rms_norm.ref.ts';
import { rmsNormBackward, rmsNormForward } from './rms_norm.ts';

describe('rms_norm', () => {
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
    const dx = rmsNormBackwardRef(Float64Array.from(x), Float64Array.from(w), Float64Array.from(dy), rows, eps, weightOffset);
    expectNonTrivial(expected.y);
    const forward = await runLaunches(gpu, [rmsNormForward({ rows, cols, eps, weightOffset })], { x, w, rstd: new Float32Array(rows), y: before.slice() });
    expectClose(forward['rstd'] ?? [], expected.rstd, reductionTolerance(cols), 'rstd');
    expectClose(forward['y'] ?? [], expected.y, reductionTolerance(cols), 'y', [rows, cols]);
    const saved = Float32Array.from(expected.rstd);
    for (const accumulate of [false, true]) {
      const backward = await runLaunches(gpu, [rmsNormBackward({ rows, cols, eps, weightOffset, accumulate })], { x, w, dy, rstd_saved: saved, dx: before.slice() });
      const wanted = dx.map((v, i) => v + (accumulate ? (before[i] ?? 0) : 0));
      expectClose(backward['dx'] ?? [], wanted, reductionTolerance(cols, 8, 30), `dx, accumulate ${accumulate}`, [rows, cols]);
    }
  });

  it('has a reference whose gradient agrees with central differences', () => {
    const [rows, cols] = [3, 7];
    const x = Float64Array.from(testValues(rows * cols, 5));
    const w = Float64Array.from(testValues(cols, 6));
    const dy = Float64Array.from(testValues(rows * cols, 7));
    const loss = (): number => rmsNormForwardRef(x, w, rows, 1e-3).y.reduce((sum, v, i) => sum + v * (dy[i] ?? 0), 0);
    expectFiniteDifferences(loss, x, rmsNormBackwardRef(x, w, dy, rows, 1e-3));
  });

  it('gives the same bits twice', async () => {
    const gpu = await testGpu();
    const buffers = { x: testValues(600, 8), w: testValues(100, 9), rstd: new Float32Array(6), y: new Float32Array(600) };
    const run = (): ReturnType<typeof runLaunches> => runLaunches(gpu, [rmsNormForward({ rows: 6, cols: 100, eps: 1e-5 })], buffers);
    expect((await run())['y']).toEqual((await run())['y']);
  });
});
