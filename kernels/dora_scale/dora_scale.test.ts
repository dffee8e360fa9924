import { describe, expect, it } from 'vitest';
import { sliceRows, unpackWeight, type WeightFormat } from '../../src/formats/quantize.ts';
import type { Launch } from '../../src/gpu/kernel.ts';
import { paramStride } from '../../src/graph/params.ts';
import { expectClose, expectNonTrivial, reductionTolerance, testValues } from '../../test/harness/compare.ts';
import { testWeight } from '../../test/harness/formats.ts';
import { testGpu } from '../../test/harness/gpu.ts';
import { runLaunches } from '../../test/harness/launch.ts';
import { cases } from './dora_scale.cases.ts';
import { doraScaleRef } from './dora_scale.ref.ts';
import { doraScale, type DoraScaleArgs } from './dora_scale.ts';

const FORMATS: readonly WeightFormat[] = ['f32', 'f16', 'bf16', 'q8', 'q4', 'nf4'];

/** Rows padded to four values; the padding is NaN, which nothing may read into a result. */
function padded(values: Float32Array, rows: number, cols: number): Float32Array {
  const stride = paramStride(cols);
  const wide = new Float32Array(rows * stride).fill(Number.NaN);
  for (let row = 0; row < rows; row++) wide.set(values.subarray(row * cols, (row + 1) * cols), row * stride);
  return wide;
}

interface Layer {
  readonly rows: number;
  readonly cols: number;
  readonly rank: number;
  readonly loraScale: number;
  readonly weight: number;
}

function operandsOf({ rows, cols, rank }: Layer) {
  const a = testValues(rank * cols, 2, 0.3);
  const b = testValues(rows * rank, 3, 0.3);
  const magnitude = testValues(rows, 4).map((value) => Math.abs(value) + 0.5);
  return { a, b, magnitude, lora_a: padded(a, rank, cols), lora_b: padded(b, rows, rank) };
}

async function run(layer: Layer, format: WeightFormat, variant: DoraScaleArgs['variant'], starts: readonly number[]) {
  const { rows, cols } = layer;
  const packed = testWeight(format, rows, cols, 1);
  const { a, b, magnitude, lora_a, lora_b } = operandsOf(layer);
  let result = { factor: new Float32Array(rows + 3).fill(-7), inverse_norm: new Float32Array(rows + 3).fill(-8) };
  for (const [index, firstRow] of starts.entries()) {
    const end = starts[index + 1] ?? rows;
    const part = sliceRows(packed, firstRow, end);
    const launch = doraScale({ ...layer, rows: end - firstRow, firstRow, format, variant });
    const scales = launch.operands.includes('w_scales') ? { w_scales: part.scales } : {};
    const buffers = { w_codes: part.codes, ...scales, magnitude, lora_a, lora_b, ...result };
    const after = await runLaunches(await testGpu(), [launch], buffers);
    result = {
      factor: Float32Array.from(after['factor'] ?? []),
      inverse_norm: Float32Array.from(after['inverse_norm'] ?? []),
    };
  }
  return { result, expected: doraScaleRef(unpackWeight(packed), a, b, magnitude, layer) };
}

describe.each(['serial', 'workgroup'] as const)('dora_scale, %s', (variant) => {
  it.each(cases.flatMap((layer) => FORMATS.map((format) => ({ ...layer, format }))))(
    'matches the f64 reference: $rows x $cols, rank $rank, weight $weight, $format',
    async ({ format, ...layer }) => {
      const { rows, cols } = layer;
      const starts = rows > 4 ? [0, Math.floor(rows / 3)] : [0];
      const { result, expected } = await run(layer, format, variant, starts);
      expectNonTrivial(expected.factor);
      const tolerance = reductionTolerance(cols + 16);
      expectClose(result.factor.slice(0, rows), expected.factor, tolerance, 'factor');
      expectClose(result.inverse_norm.slice(0, rows), expected.inverseNorm, tolerance, 'inverse_norm');
      expect([...result.factor.slice(rows), ...result.inverse_norm.slice(rows)]).toEqual([-7, -7, -7, -8, -8, -8]);
    },
  );

  it('gives a row without length no factor', async () => {
    const layer = { rows: 1, cols: 4, rank: 1, loraScale: 1, weight: 1 };
    const launch = doraScale({ ...layer, firstRow: 0, format: 'f32', variant });
    const after = await runLaunches(await testGpu(), [launch], {
      w_codes: new Float32Array([1, 2, 0, 0]),
      magnitude: Float32Array.of(3),
      lora_a: Float32Array.of(-1, -2, 0, 0),
      lora_b: Float32Array.of(1, 0, 0, 0),
      factor: Float32Array.of(9),
      inverse_norm: Float32Array.of(9),
    });
    expect([after['factor']?.[0], after['inverse_norm']?.[0]]).toEqual([0, 0]);
  });

  it('gives the same bits over a folded grid', async () => {
    const layer = { rows: 70, cols: 33, rank: 3, loraScale: 1.5, weight: 1 };
    const { lora_a, lora_b, magnitude } = operandsOf(layer);
    const packed = testWeight('q4', layer.rows, layer.cols, 1);
    const launch = doraScale({ ...layer, firstRow: 0, format: 'q4', variant });
    const buffers = {
      w_codes: packed.codes,
      w_scales: packed.scales,
      magnitude,
      lora_a,
      lora_b,
      factor: new Float32Array(70),
      inverse_norm: new Float32Array(70),
    };
    const once = await runLaunches(await testGpu(), [launch], buffers);
    for (const over of [2, 5]) {
      const folded: Launch = { ...launch, workgroups: [over, Math.ceil(launch.workgroups[0] / over), 1] };
      expect(await runLaunches(await testGpu(), [folded], buffers), `${over}`).toEqual(once);
    }
  });
});
