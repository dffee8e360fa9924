import { describe, expect, it } from 'vitest';
import { sliceRows, unpackWeight, type WeightFormat } from '../../src/formats/quantize.ts';
import type { Launch } from '../../src/gpu/kernel.ts';
import { expectClose, expectNonTrivial, reductionTolerance } from '../../test/harness/compare.ts';
import { testWeight } from '../../test/harness/formats.ts';
import { testGpu } from '../../test/harness/gpu.ts';
import { runLaunches, type Numbers } from '../../test/harness/launch.ts';
import { cases } from './column_mean.cases.ts';
import { columnMeanRef } from './column_mean.ref.ts';
import { columnChunks, columnMean, columnSums } from './column_mean.ts';

const FORMATS: readonly WeightFormat[] = ['f32', 'f16', 'q8', 'q4', 'nf4'];

/** @param starts first rows of the parts that W is split in */
async function run(
  { rows, cols }: { readonly rows: number; readonly cols: number },
  format: WeightFormat,
  starts: readonly number[],
  fold = (launch: Launch): Launch => launch,
): Promise<{ mean: number[]; expected: Float64Array }> {
  const packed = testWeight(format, rows, cols, 1);
  const launches: Launch[] = [];
  const renames: Record<string, string>[] = [];
  const buffers: Record<string, Numbers> = {};
  for (const [index, first] of starts.entries()) {
    const end = starts[index + 1] ?? rows;
    const part = sliceRows(packed, first, end);
    const launch = columnSums({ rows: end - first, cols, format });
    launches.push(fold(launch), fold(columnMean({ rows: end - first, of: rows, cols, accumulate: index > 0 })));
    renames.push({ w_codes: `codes${index}`, w_scales: `scales${index}` }, {});
    buffers[`codes${index}`] = part.codes;
    if (launch.operands.includes('w_scales')) buffers[`scales${index}`] = part.scales;
  }
  const result = await runLaunches(
    await testGpu(),
    launches,
    {
      ...buffers,
      sums: new Float32Array(columnChunks(rows) * cols).fill(Number.NaN),
      mean: new Float32Array(cols + 2).fill(-7),
    },
    renames,
  );
  const mean = [...(result['mean'] ?? [])];
  expect(mean.slice(cols)).toEqual([-7, -7]);
  return { mean: mean.slice(0, cols), expected: columnMeanRef(unpackWeight(packed), cols) };
}

describe('column_mean', () => {
  it.each(cases.flatMap((shape) => FORMATS.map((format) => ({ ...shape, format }))))(
    'matches the f64 reference: $rows x $cols, $format',
    async ({ format, ...shape }) => {
      for (const starts of shape.rows > 4 ? [[0], [0, Math.floor(shape.rows / 3)]] : [[0]]) {
        const { mean, expected } = await run(shape, format, starts);
        expectNonTrivial(expected, 1e-6);
        // Blocks of 64 rows in chunks of 16 blocks: terms below 1, divided by their number.
        expectClose(mean, expected, { ...reductionTolerance(64 + 16), atol: 2e-7 }, `${starts.length} parts`);
      }
    },
  );

  it('gives the same bits over a folded grid', async () => {
    const shape = { rows: 2050, cols: 300 };
    const once = await run(shape, 'q4', [0]);
    for (const over of [2, 3]) {
      const fold = (launch: Launch): Launch => ({
        ...launch,
        workgroups: [over, Math.ceil(launch.workgroups[0] / over), 1],
      });
      expect((await run(shape, 'q4', [0], fold)).mean).toEqual(once.mean);
    }
  });
});
