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
import { cases } from './layer_norm.cases.ts';
import { layerNormBackwardRef, layerNormForwardRef } from './layer_norm.ref.ts';
import { layerNormBackward, layerNormForward } from './layer_norm.ts';

describe.each(['serial', 'workgroup'] as const)('layer_norm, %s', (variant) => {
  it.each(cases)(
    'matches the f64 reference: $rows x $cols, eps $eps, offset $offset',
    async ({ rows, cols, eps, offset }) => {
      const gpu = await testGpu();
      // Small inputs, so that eps takes part in the result.
      const x = testValues(rows * cols, 1, 0.1).map((v) => v + offset * 0.1);
      const w = testValues(cols, 2).map((v) => v + 1);
      const b = testValues(cols, 3);
      const dy = testValues(rows * cols, 4);
      const before = testValues(rows * cols, 5);
      const [x64, w64] = [Float64Array.from(x), Float64Array.from(w)];
      const expected = layerNormForwardRef(x64, w64, Float64Array.from(b), rows, eps);
      const dx = layerNormBackwardRef(x64, w64, Float64Array.from(dy), rows, eps);
      expectNonTrivial(expected.y);
      const shape = { rows, cols, eps, variant };
      const statistics = { mean: new Float32Array(rows), rstd: new Float32Array(rows) };
      const forward = await runLaunches(gpu, [layerNormForward(shape)], { x, w, b, ...statistics, y: before.slice() });
      // The mean is off by ulps of the offset, and x - mean by the same: what the deviation is large against.
      const lost = 8 * (1 + offset);
      expectClose(forward['mean'] ?? [], expected.mean, reductionTolerance(cols), 'mean');
      expectClose(forward['rstd'] ?? [], expected.rstd, reductionTolerance(cols), 'rstd');
      expectClose(forward['y'] ?? [], expected.y, reductionTolerance(cols, 8, lost), 'y', [rows, cols]);
      const saved = { mean_saved: Float32Array.from(expected.mean), rstd_saved: Float32Array.from(expected.rstd) };
      for (const accumulate of [false, true]) {
        const backward = await runLaunches(gpu, [layerNormBackward({ ...shape, accumulate })], {
          x,
          w,
          dy,
          ...saved,
          dx: before.slice(),
        });
        const wanted = dx.map((v, i) => v + (accumulate ? (before[i] ?? 0) : 0));
        expectClose(
          backward['dx'] ?? [],
          wanted,
          reductionTolerance(cols, 8, lost * 10),
          `dx, accumulate ${accumulate}`,
          [rows, cols],
        );
      }
    },
  );

  it.each(['odd', 'toy', 'wide', 'offset'])('agrees with PyTorch: %s', async (name) => {
    const fixture = opFixture('layer_norm', name);
    const [rows = 0, cols = 0] = fixture.shape('x');
    const { eps } = fixture.attributes as { eps: number };
    const [x, w, b, dy] = [fixture.floats('x'), fixture.floats('w'), fixture.floats('b'), fixture.floats('dy')];
    const outputs = {
      mean: new Float32Array(rows),
      rstd: new Float32Array(rows),
      y: new Float32Array(rows * cols),
      dx: new Float32Array(rows * cols),
    };
    const shape = { rows, cols, eps, variant };
    const launches = [layerNormForward(shape), layerNormBackward({ ...shape, accumulate: false })];
    const result = await runLaunches(await testGpu(), launches, { x, w, b, dy, ...outputs }, [
      {},
      { mean_saved: 'mean', rstd_saved: 'rstd' },
    ]);
    const tolerance = reductionTolerance(cols, 8, Math.max(1, ...x.map(Math.abs)));
    expectClose(result['y'] ?? [], fixture.floats('y'), { atol: tolerance.atol, rtol: tolerance.rtol }, 'y', [
      rows,
      cols,
    ]);
    expectClose(result['dx'] ?? [], fixture.floats('dx'), { atol: tolerance.atol * 4, rtol: tolerance.rtol }, 'dx', [
      rows,
      cols,
    ]);
  });

  it('gives the same bits twice, over a folded grid, and with fewer rows', async () => {
    const gpu = await testGpu();
    const shape = { rows: 70, cols: 12, eps: 1e-5, variant };
    const statistics = { mean: new Float32Array(70), rstd: new Float32Array(70) };
    const buffers = {
      x: testValues(840, 8),
      w: testValues(12, 9),
      b: testValues(12, 10),
      ...statistics,
      y: new Float32Array(840),
    };
    const launch = layerNormForward(shape);
    const folded: Launch = { ...launch, workgroups: [Math.ceil(launch.workgroups[0] / 2) + 1, 2, 1] };
    const once = await runLaunches(gpu, [launch], buffers);
    expect(await runLaunches(gpu, [launch], buffers)).toEqual(once);
    expect(await runLaunches(gpu, [folded], buffers)).toEqual(once);
    const gradient = layerNormBackward({ ...shape, accumulate: false });
    const wide: Launch = { ...gradient, workgroups: [Math.ceil(gradient.workgroups[0] / 2) + 1, 2, 1] };
    const saved = {
      x: buffers.x,
      w: buffers.w,
      dy: testValues(840, 11),
      mean_saved: once['mean'] ?? new Float32Array(),
      rstd_saved: once['rstd'] ?? new Float32Array(),
      dx: new Float32Array(840),
    };
    expect(await runLaunches(gpu, [wide], saved)).toEqual(await runLaunches(gpu, [gradient], saved));
    const few = await runLaunches(gpu, [layerNormForward({ ...shape, rows: 3 })], {
      ...buffers,
      x: buffers.x.slice(0, 36),
    });
    expect(few['y']?.slice(0, 36)).toEqual(once['y']?.slice(0, 36));
    expect(few['y']?.slice(36).every((v) => v === 0)).toBe(true);
  });
});

it('has a reference whose gradient agrees with central differences', () => {
  const [rows, cols] = [3, 7];
  const x = Float64Array.from(testValues(rows * cols, 5));
  const [w, b] = [Float64Array.from(testValues(cols, 6)), new Float64Array(cols)];
  const dy = Float64Array.from(testValues(rows * cols, 7));
  const loss = (): number =>
    layerNormForwardRef(x, w, b, rows, 1e-3).y.reduce((sum, v, i) => sum + v * (dy[i] ?? 0), 0);
  expectFiniteDifferences(loss, x, layerNormBackwardRef(x, w, dy, rows, 1e-3));
});
