import { describe, expect, it } from 'vitest';
import { packWeight, unpackWeight } from '../../src/formats/quantize.ts';
import { BAD_VALUES, expectHandedOn } from '../../test/harness/bad-values.ts';
import {
  expectClose,
  expectFiniteDifferences,
  expectNonTrivial,
  reductionTolerance,
  testValues,
} from '../../test/harness/compare.ts';
import { testWeight } from '../../test/harness/formats.ts';
import { testGpu } from '../../test/harness/gpu.ts';
import { runLaunches, type Numbers } from '../../test/harness/launch.ts';
import { matmulNtRef } from '../matmul_nt/matmul_nt.ref.ts';
import { broadcastFor } from '../_lib/broadcast.ts';
import { cases } from './matmul_nn.cases.ts';
import { matmulNnRef } from './matmul_nn.ref.ts';
import { matmulNn, selectMatmulNn, type MatmulNnArgs, type MatmulNnEntry } from './matmul_nn.ts';

const entries = ['serial', 'quads', 'quads_narrow', 'tile', 'tile_8', 'naive'] as const;
/** For rows of 16 or 32 values, or few columns: only where a case names them. */
const aligned = ['wide', 'wide_small', 'narrow'] as const;
const loraScale = 0.7;

async function run(args: MatmulNnArgs, buffers: Record<string, Numbers>, entry: MatmulNnEntry): Promise<Float32Array> {
  const launch = matmulNn(args, entry);
  // As if one grid dimension held half of the workgroups only.
  const workgroups = [Math.ceil(launch.workgroups[0] / 2), 2, 1] as const;
  const bound = Object.fromEntries(Object.entries(buffers).filter(([name]) => launch.operands.includes(name)));
  const { dx } = await runLaunches(await testGpu(), [{ ...launch, workgroups }], bound);
  if (!(dx instanceof Float32Array)) throw new Error('no dx came back');
  return dx;
}

describe('matmul_nn', () => {
  it.each(cases)(
    'matches the f64 reference: $rows x $outFeatures -> $inFeatures, $format, rank $rank, accumulate $accumulate',
    async (shape) => {
      const { rows, inFeatures, outFeatures, rank, accumulate, keep = false, alpha = 1 } = shape;
      // Wide and narrow tiles take rows of dy that begin at multiples of four.
      const [dyStride, dyOffset] = shape.only !== undefined ? [outFeatures + 8, 4] : [outFeatures + 7, 3];
      const packed = testWeight(shape.format, outFeatures, inFeatures, 1);
      const dy = testValues(rows * dyStride, 2);
      const own = Float64Array.from(
        { length: rows * outFeatures },
        (_, at) => dy[Math.floor(at / outFeatures) * dyStride + dyOffset + (at % outFeatures)] ?? 0,
      );
      const dh = testValues(rows * rank, 3);
      const loraA = testValues(rank * inFeatures, 4);
      const before = testValues(rows * inFeatures, 5);
      const factors = testValues(rows, 6);
      const w = Float64Array.from(unpackWeight(packed));
      const dense = matmulNnRef(own, w, rows, outFeatures, inFeatures, alpha);
      const branch = matmulNnRef(Float64Array.from(dh), Float64Array.from(loraA), rows, rank, inFeatures, loraScale);
      const kept = (at: number): number => (keep ? (factors[Math.floor(at / inFeatures)] ?? 0) : 1) * (before[at] ?? 0);
      const expected = dense.map((v, at) => v + (branch[at] ?? 0) + (accumulate ? kept(at) : 0));
      expectNonTrivial(expected);
      const buffers = {
        dy,
        w_codes: packed.codes,
        w_scales: packed.scales,
        dh,
        lora_a: new Float32Array(packWeight(loraA, rank, inFeatures, 'f32').codes.buffer),
        keep: factors,
        dx: before,
      };
      const wanted: readonly string[] = shape.only ?? entries;
      const chosen: MatmulNnEntry[] = [...entries, ...aligned].filter((name) => wanted.includes(name));
      const broadcast = wanted.includes('broadcast') ? broadcastFor((await testGpu()).profile) : undefined;
      if (broadcast !== undefined) chosen.push(broadcast);
      const bits = new Map<string, Float32Array>();
      for (const entry of chosen) {
        const dx = await run(
          { ...shape, dyStride, dyOffset, alpha, loraScale, keep, variant: 'serial' },
          buffers,
          entry,
        );
        expectClose(dx, expected, reductionTolerance(outFeatures + rank, 8, 10), entry, [rows, inFeatures]);
        bits.set(entry, dx);
      }
      const wide = chosen.find((name) => name.startsWith('wide'));
      if (broadcast !== undefined && wide !== undefined) expect(bits.get(broadcast)).toEqual(bits.get(wide));
    },
  );

  it.each(BAD_VALUES)('hands on %s of dy, and of a weight in halves', async (_, ...bad) => {
    const [rows, inFeatures, outFeatures] = [33, 48, 32];
    const shape = { rows, inFeatures, outFeatures, dyStride: outFeatures, dyOffset: 0, format: 'f16' } as const;
    const args = { ...shape, accumulate: false, rank: 0, loraScale, variant: 'serial' } as const;
    const { codes } = testWeight('f16', outFeatures, inFeatures, 1);
    const outputs = { stride: inFeatures, first: 0, columns: inFeatures };
    const product = {
      kernel: 'nn',
      rows,
      outFeatures,
      ...outputs,
      from: testValues(rows * outFeatures, 2),
      codes,
    } as const;
    const dx = new Float32Array(rows * inFeatures);
    const broadcast = broadcastFor((await testGpu()).profile);
    for (const entry of [
      'serial',
      'quads',
      'tile',
      'tile_8',
      'wide',
      'wide_small',
      'naive',
      ...(broadcast ? [broadcast] : []),
    ] as const)
      await expectHandedOn(
        product,
        bad,
        (operands) => run(args, { dy: operands.from, w_codes: operands.codes, dx }, entry),
        entry,
      );
  });

  it('is the gradient of matmul_nt in x', () => {
    const [rows, inFeatures, outFeatures] = [3, 7, 5];
    const x = Float64Array.from(testValues(rows * inFeatures, 1));
    const w = Float64Array.from(testValues(outFeatures * inFeatures, 2));
    const dy = Float64Array.from(testValues(rows * outFeatures, 3));
    const loss = (): number =>
      matmulNtRef(x, w, rows, inFeatures, outFeatures, 1.5).reduce((sum, v, at) => sum + v * (dy[at] ?? 0), 0);
    expectFiniteDifferences(loss, x, matmulNnRef(dy, w, rows, outFeatures, inFeatures, 1.5));
  });

  it.each([
    { variant: 'serial', inFeatures: 77 },
    { variant: 'serial-quad', inFeatures: 77 },
    { variant: 'serial-quad', inFeatures: 21 },
    { variant: 'workgroup', inFeatures: 77 },
    { variant: 'workgroup', inFeatures: 2064, outFeatures: 64 },
  ] as const)(
    'gives the same bits whatever the number of rows: $variant, $inFeatures',
    async ({ variant, inFeatures, ...others }) => {
      const outFeatures = 'outFeatures' in others ? others.outFeatures : 54;
      const packed = packWeight(testValues(outFeatures * inFeatures, 1), outFeatures, inFeatures, 'q4');
      const dy = testValues(70 * outFeatures, 2);
      const first = async (rows: number): Promise<Float32Array> => {
        const shape = {
          rows,
          inFeatures,
          outFeatures,
          dyStride: outFeatures,
          dyOffset: 0,
          format: 'q4',
          rank: 0,
        } as const;
        const launch = matmulNn({ ...shape, loraScale: 0, accumulate: false, variant });
        const { dx } = await runLaunches(await testGpu(), [launch], {
          dy: dy.slice(0, rows * outFeatures),
          w_codes: packed.codes,
          w_scales: packed.scales,
          dx: new Float32Array(rows * inFeatures),
        });
        return Float32Array.from(dx ?? []).slice(0, inFeatures);
      };
      const wanted = await first(70);
      for (const rows of [1, 64]) expect(await first(rows)).toEqual(wanted);
    },
  );

  it('selects on a GPU by what rows begin at and by how many workgroups there are', () => {
    const selected = (more: Partial<MatmulNnArgs>): MatmulNnEntry =>
      selectMatmulNn({
        ...{ rows: 512, outFeatures: 576, inFeatures: 576, dyStride: 576, dyOffset: 0, format: 'q4', rank: 16 },
        ...{ loraScale: 1, accumulate: false, variant: 'workgroup' },
        ...more,
      });
    expect(selected({})).toBe('wide');
    expect(selected({ inFeatures: 192 })).toBe('wide_small');
    expect(selected({ inFeatures: 16 })).toBe('wide_small');
    expect(selected({ inFeatures: 16, format: 'f32', rank: 0 })).toBe('narrow');
    expect(selected({ inFeatures: 568 })).toBe('tile');
    expect(selected({ outFeatures: 568 })).toBe('tile');
    expect(selected({ dyStride: 577 })).toBe('tile');
    expect(selected({ dyOffset: 2 })).toBe('tile');
  });
});
