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
import { cases } from './column_scale.cases.ts';
import { columnScaleBackwardRef, columnScaleRef } from './column_scale.ref.ts';
import { columnScale, columnScaleBackward, magnitudeBackward } from './column_scale.ts';

/** What lies behind a buffer's last value and must stay. */
const TAIL = [-71, -72, -73];
const withTail = (length: number): Float32Array => Float32Array.of(...new Float32Array(length), ...TAIL);

describe.each(['serial', 'workgroup'] as const)('column_scale, %s', (variant) => {
  it.each(cases)('matches the f64 reference: $rows x $cols, bias $bias', async ({ rows, cols, bias: hasBias }) => {
    const gpu = await testGpu();
    const [z, dy] = [testValues(rows * cols, 1), testValues(rows * cols, 2)];
    const [magnitude, inverseNorm] = [testValues(cols, 3), testValues(cols, 4)];
    const factor = magnitude.map((value, o) => value * (inverseNorm[o] ?? 0));
    const bias = testValues(cols, 5);
    const forward = await runLaunches(gpu, [columnScale({ rows, cols, bias: hasBias })], {
      z,
      factor,
      ...(hasBias && { bias }),
      y: withTail(rows * cols),
    });
    const expected = columnScaleRef(z, factor, hasBias ? bias : undefined);
    expectNonTrivial(expected);
    expectClose(forward['y']?.slice(0, -3) ?? [], expected, reductionTolerance(2, 8, 4), 'y', [rows, cols]);
    expect([...(forward['y']?.slice(-3) ?? [])]).toEqual(TAIL);

    const before = testValues(cols, 6);
    const { dz, dMagnitude } = columnScaleBackwardRef(z, dy, magnitude, inverseNorm);
    const backward = await runLaunches(
      gpu,
      [columnScaleBackward({ rows, cols }), magnitudeBackward({ rows, cols, variant })],
      {
        z,
        dy,
        factor,
        inverse_norm: inverseNorm,
        y: withTail(rows * cols),
        gradient: Float32Array.of(...before, ...TAIL),
      },
    );
    expectClose(backward['y']?.slice(0, -3) ?? [], dz, reductionTolerance(2, 8), 'dz', [rows, cols]);
    const sums = dMagnitude.map((value, o) => value + (before[o] ?? Number.NaN));
    expectClose(backward['gradient']?.slice(0, -3) ?? [], sums, reductionTolerance(rows, 8, 4), 'gradient');
    expect([...(backward['gradient']?.slice(-3) ?? [])]).toEqual(TAIL);
  });

  it('gives the same bits over a folded grid', async () => {
    const [rows, cols] = [9, 70];
    const buffers = {
      z: testValues(rows * cols, 1),
      dy: testValues(rows * cols, 2),
      factor: testValues(cols, 3),
      inverse_norm: testValues(cols, 4),
      y: new Float32Array(rows * cols),
      gradient: testValues(cols, 5),
    };
    for (const launch of [
      columnScale({ rows, cols, bias: false }),
      columnScaleBackward({ rows, cols }),
      magnitudeBackward({ rows, cols, variant }),
    ]) {
      const once = await runLaunches(await testGpu(), [launch], buffers);
      for (const over of [2, 5]) {
        const folded: Launch = { ...launch, workgroups: [over, Math.ceil(launch.workgroups[0] / over), 1] };
        expect(await runLaunches(await testGpu(), [folded], buffers), `${launch.entry} ${over}`).toEqual(once);
      }
    }
  });
});

it('has a reference whose gradients agree with central differences', () => {
  const [rows, cols] = [3, 5];
  const values = (count: number, seed: number): Float64Array => Float64Array.from(testValues(count, seed));
  const [z, dy, magnitude, inverseNorm] = [
    values(rows * cols, 1),
    values(rows * cols, 2),
    values(cols, 3),
    values(cols, 4),
  ];
  const loss = (): number =>
    columnScaleRef(
      z,
      magnitude.map((value, o) => value * (inverseNorm[o] ?? 0)),
      undefined,
    ).reduce((sum, value, at) => sum + value * (dy[at] ?? 0), 0);
  const { dz, dMagnitude } = columnScaleBackwardRef(z, dy, magnitude, inverseNorm);
  expectFiniteDifferences(loss, z, dz);
  expectFiniteDifferences(loss, magnitude, dMagnitude);
});
