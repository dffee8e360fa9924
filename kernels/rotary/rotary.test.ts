import { describe, expect, it } from 'vitest';
import type { Launch } from '../../src/gpu/kernel.ts';
import { expectClose, expectFiniteDifferences, expectNonTrivial, testValues } from '../../test/harness/compare.ts';
import { testGpu } from '../../test/harness/gpu.ts';
import { runLaunches } from '../../test/harness/launch.ts';
import { opFixture } from '../../test/harness/op-fixture.ts';
import { cases } from './rotary.cases.ts';
import { rotaryBackwardRef, rotaryRef } from './rotary.ref.ts';
import { rotary } from './rotary.ts';

const POSITIONS = 11;
/** A sum of two products. */
const tolerance = { rtol: 1e-6, atol: 1e-6 };

function tables(rotaryDim: number): { cos_table: Float32Array; sin_table: Float32Array } {
  const angles = testValues((POSITIONS * rotaryDim) / 2, 1, 3);
  return { cos_table: angles.map(Math.cos), sin_table: angles.map(Math.sin) };
}

const positionsOf = (rows: number): Uint32Array =>
  Uint32Array.from({ length: rows }, (_, n) => (n * 7 + 3) % POSITIONS);

describe('rotary', () => {
  it.each(cases)(
    'matches the f64 reference both ways: $rows x $heads x $headDim, rotated $rotaryDim',
    async (shape) => {
      const gpu = await testGpu();
      const x = testValues(shape.rows * shape.heads * shape.headDim, 2);
      const buffers = { positions: positionsOf(shape.rows), ...tables(shape.rotaryDim), x };
      const { positions, cos_table: cos, sin_table: sin } = buffers;
      const axes = [shape.rows, shape.heads, shape.headDim];
      const turned = rotaryRef(shape, x, positions, cos, sin);
      expectNonTrivial(turned.map((v, i) => v - (x[i] ?? 0)));
      const forward = await runLaunches(gpu, [rotary({ ...shape, inverse: false })], buffers);
      expectClose(forward['x'] ?? [], turned, tolerance, 'forward', axes);
      const inverse = await runLaunches(gpu, [rotary({ ...shape, inverse: true })], buffers);
      expectClose(inverse['x'] ?? [], rotaryBackwardRef(shape, x, positions, cos, sin), tolerance, 'inverse', axes);
    },
  );

  it.each(['restarts', 'far', 'partial'])('agrees with PyTorch: %s', async (name) => {
    const fixture = opFixture('rotary', name);
    const [rows = 0, heads = 0, headDim = 0] = fixture.shape('x');
    const { rotary_dim: rotaryDim } = fixture.attributes as { rotary_dim: number };
    // The fixture's table has a row of angles per row of x.
    const buffers = {
      positions: Uint32Array.from({ length: rows }, (_, n) => n),
      cos_table: fixture.floats('cos'),
      sin_table: fixture.floats('sin'),
    };
    const shape = { rows, heads, headDim, rotaryDim };
    const forward = await runLaunches(await testGpu(), [rotary({ ...shape, inverse: false })], {
      ...buffers,
      x: fixture.floats('x').slice(),
    });
    expectClose(forward['x'] ?? [], fixture.floats('y'), tolerance, 'y', [rows, heads, headDim]);
    const backward = await runLaunches(await testGpu(), [rotary({ ...shape, inverse: true })], {
      ...buffers,
      x: fixture.floats('dy').slice(),
    });
    expectClose(backward['x'] ?? [], fixture.floats('dx'), tolerance, 'dx', [rows, heads, headDim]);
  });

  it('gives the same bits twice and over a folded grid', async () => {
    const gpu = await testGpu();
    const shape = { rows: 70, heads: 3, headDim: 8, rotaryDim: 8, inverse: false };
    const buffers = { positions: positionsOf(70), ...tables(8), x: testValues(70 * 24, 3) };
    const launch = rotary(shape);
    const folded: Launch = { ...launch, workgroups: [3, 2, 1] };
    expect(launch.workgroups).toEqual([4, 1, 1]);
    const once = await runLaunches(gpu, [launch], buffers);
    expect(await runLaunches(gpu, [launch], buffers)).toEqual(once);
    expect(await runLaunches(gpu, [folded], buffers)).toEqual(once);
  });

  it('refuses an odd rotaryDim and one longer than the head', () => {
    const shape = { rows: 1, heads: 1, headDim: 8, inverse: false };
    expect(() => rotary({ ...shape, rotaryDim: 5 })).toThrow('rotaryDim');
    expect(() => rotary({ ...shape, rotaryDim: 10 })).toThrow('rotaryDim');
  });

  it('has a reference whose gradient agrees with central differences', () => {
    const shape = { rows: 3, heads: 2, headDim: 7, rotaryDim: 4 };
    const x = Float64Array.from(testValues(42, 4));
    const dy = testValues(42, 5);
    const { cos_table: cos, sin_table: sin } = tables(4);
    const loss = (): number =>
      rotaryRef(shape, x, positionsOf(3), cos, sin).reduce((sum, v, i) => sum + v * (dy[i] ?? 0), 0);
    expectFiniteDifferences(loss, x, rotaryBackwardRef(shape, dy, positionsOf(3), cos, sin));
  });
});
