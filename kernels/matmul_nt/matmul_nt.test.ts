import { describe, expect, it } from 'vitest';
import { packWeight, unpackWeight } from '../../src/formats/quantize.ts';
import { BAD_VALUES, expectHandedOn } from '../../test/harness/bad-values.ts';
import { expectClose, expectNonTrivial, reductionTolerance, testValues } from '../../test/harness/compare.ts';
import type { Launch } from '../../src/gpu/kernel.ts';
import { testWeight } from '../../test/harness/formats.ts';
import { testGpu } from '../../test/harness/gpu.ts';
import { runLaunches, type Numbers } from '../../test/harness/launch.ts';
import { broadcastFor, MEASURED_BROADCASTS } from '../_lib/broadcast.ts';
import { cases } from './matmul_nt.cases.ts';
import { matmulNtRef } from './matmul_nt.ref.ts';
import { matmulNt, selectMatmulNt, type MatmulNtArgs, type MatmulNtEntry } from './matmul_nt.ts';

const entries = [
  'serial',
  'serial_row',
  'quads',
  'quads_eight',
  'quads_narrow',
  'quads_row',
  'quads_narrow_row',
  'tile',
  'tile_8',
  'matvec',
  'matvec_subgroups',
  'naive',
] as const;
/** For rows of 16 or 32 values, or few columns: only where a case names them. */
const aligned = ['wide', 'wide_small', 'narrow'] as const;
/** Ways for few rows, and for more. */
const FEW = ['matvec', 'matvec_subgroups'];
const MORE = ['tile', 'tile_8'];
const loraScale = 0.7;

async function run(args: MatmulNtArgs, buffers: Record<string, Numbers>, entry: MatmulNtEntry): Promise<Float32Array> {
  const launch = matmulNt(args, entry);
  // As if one grid dimension held half of the workgroups only.
  const workgroups = [Math.ceil(launch.workgroups[0] / 2), 2, 1] as const;
  const bound = Object.fromEntries(Object.entries(buffers).filter(([name]) => launch.operands.includes(name)));
  const { y } = await runLaunches(await testGpu(), [{ ...launch, workgroups }], bound);
  if (!(y instanceof Float32Array)) throw new Error('no y came back');
  return y;
}

describe('matmul_nt', () => {
  it.each(cases)(
    'matches the f64 reference: $rows x $inFeatures -> $outFeatures, $format, rank $rank, bias $bias',
    async (shape) => {
      const { rows, inFeatures, outFeatures, rank, alpha = 1, accumulate = false, added: isAdded = false } = shape;
      const [outStride, outOffset] = [outFeatures + 7, 3];
      const packed = testWeight(shape.format, outFeatures, inFeatures, 1);
      const x = testValues(rows * inFeatures, 2);
      const bias = testValues(outOffset + outFeatures, 3);
      const h = testValues(rows * rank, 4);
      const loraB = testValues((outOffset + outFeatures) * rank, 5);
      const before = testValues(rows * outStride, 6);
      const added = testValues(rows * outStride, 7);
      const dense = matmulNtRef(
        Float64Array.from(x),
        Float64Array.from(unpackWeight(packed)),
        rows,
        inFeatures,
        outFeatures,
        alpha,
      );
      const branch = matmulNtRef(
        Float64Array.from(h),
        Float64Array.from(loraB.subarray(outOffset * rank)),
        rows,
        rank,
        outFeatures,
        loraScale,
      );
      // The columns of other parts stay as they were.
      const expected = Float64Array.from(before);
      for (let n = 0; n < rows; n += 1) {
        for (let o = 0; o < outFeatures; o += 1) {
          const at = n * outStride + outOffset + o;
          const from = n * outFeatures + o;
          expected[at] =
            (dense[from] ?? 0) +
            (branch[from] ?? 0) +
            (shape.bias ? (bias[outOffset + o] ?? 0) : 0) +
            (isAdded ? (added[at] ?? 0) : 0) +
            (accumulate ? (before[at] ?? 0) : 0);
        }
      }
      expectNonTrivial(expected);
      const buffers = {
        x,
        w_codes: packed.codes,
        w_scales: packed.scales,
        bias,
        added,
        h,
        lora_b: new Float32Array(packWeight(loraB, outOffset + outFeatures, rank, 'f32').codes.buffer),
        y: before,
      };
      // A variant's two paths share their shapes: the one for few rows, or columns, takes the small ones.
      const others: readonly string[] = [
        ...(rows <= 4 ? MORE : FEW),
        ...(outFeatures <= 17 ? ['quads', 'quads_eight'] : ['quads_narrow']),
      ];
      const wanted: readonly string[] = shape.only ?? entries;
      const chosen: MatmulNtEntry[] = [...entries, ...aligned].filter(
        (name) => wanted.includes(name) && !others.includes(name),
      );
      const broadcast = wanted.includes('broadcast') ? broadcastFor((await testGpu()).profile) : undefined;
      if (broadcast !== undefined) chosen.push(broadcast);
      const bits = new Map<string, Float32Array>();
      for (const entry of chosen) {
        const y = await run(
          { ...shape, outStride, outOffset, alpha, accumulate, loraScale, variant: 'serial' },
          buffers,
          entry,
        );
        expectClose(y, expected, reductionTolerance(inFeatures + rank, 8, 10), entry, [rows, outStride]);
        bits.set(entry, y);
      }
      const wide = chosen.find((name) => name.startsWith('wide'));
      if (broadcast !== undefined && wide !== undefined) expect(bits.get(broadcast)).toEqual(bits.get(wide));
    },
  );

  it.each([
    { variant: 'serial', inFeatures: 77, outFeatures: 21 },
    { variant: 'serial-quad', inFeatures: 77, outFeatures: 21 },
    { variant: 'serial-quad', inFeatures: 77, outFeatures: 69 },
    { variant: 'workgroup', inFeatures: 77, outFeatures: 21 },
    { variant: 'workgroup', inFeatures: 64, outFeatures: 2100 },
  ] as const)(
    'gives an output the same bits whatever the number of rows: $variant, $inFeatures -> $outFeatures',
    async ({ variant, inFeatures, outFeatures }) => {
      const rank = 5;
      const packed = packWeight(testValues(outFeatures * inFeatures, 1), outFeatures, inFeatures, 'q4');
      const x = testValues(70 * inFeatures, 2);
      const h = testValues(70 * rank, 3);
      const shape = { inFeatures, outFeatures, format: 'q4', bias: false, rank } as const;
      const first = async (rows: number): Promise<Float32Array> => {
        const y = await run(
          { rows, ...shape, outStride: outFeatures, outOffset: 0, loraScale, variant },
          {
            x: x.subarray(0, rows * inFeatures).slice(),
            w_codes: packed.codes,
            w_scales: packed.scales,
            h: h.slice(0, rows * rank),
            lora_b: testValues(outFeatures * 8, 4),
            y: new Float32Array(rows * outFeatures),
          },
          selectMatmulNt({ variant, rows, ...shape }),
        );
        return y.slice(0, outFeatures);
      };
      const wanted = await first(70);
      // One and two rows take another path, which in `serial` keeps the order; decoding in `workgroup` splits I over lanes.
      const same = variant === 'workgroup' ? [5, 64] : [1, 3, 11, 64];
      for (const rows of same) expect(await first(rows)).toEqual(wanted);
    },
  );

  it.each(BAD_VALUES)('hands on %s of x, and of a weight in halves', async (_, ...bad) => {
    const [rows, inFeatures, outFeatures] = [33, 32, 17];
    const shape = { rows, inFeatures, outFeatures, outStride: outFeatures, outOffset: 0, format: 'f16' } as const;
    const args = { ...shape, bias: false, rank: 0, loraScale, variant: 'serial' } as const;
    const { codes } = testWeight('f16', outFeatures, inFeatures, 1);
    const outputs = { stride: outFeatures, first: 0, columns: outFeatures };
    const product = {
      kernel: 'nt',
      rows,
      outFeatures,
      ...outputs,
      from: testValues(rows * inFeatures, 2),
      codes,
    } as const;
    const y = new Float32Array(rows * outFeatures);
    const broadcast = broadcastFor((await testGpu()).profile);
    for (const entry of [
      'serial',
      'quads_narrow',
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
        (operands) => run(args, { x: operands.from, w_codes: operands.codes, y }, entry),
        entry,
      );
  });

  it('offers a tuner only ways that add in the same order', () => {
    const offered = (format: MatmulNtArgs['format'], rows: number, inFeatures: number): Record<string, Launch> => {
      const shape = { rows, inFeatures, outFeatures: 64, outStride: 64, outOffset: 0, format };
      return matmulNt({ ...shape, bias: false, rank: 4, loraScale, variant: 'workgroup' }).tilings?.launches ?? {};
    };
    for (const format of ['f32', 'bf16', 'q4'] as const) {
      expect(Object.keys(offered(format, 64, 96))).toEqual(['wide', 'wide_small', ...MEASURED_BROADCASTS]);
      expect(Object.keys(offered(format, 64, 80))).toEqual(['wide', ...MEASURED_BROADCASTS]);
      expect(Object.keys(offered(format, 64, 77))).toEqual(['tile', 'tile_8']);
      expect(offered(format, 2, 96)).toEqual({});
    }
  });

  it('selects by rows and columns, and on a GPU by what rows begin at', () => {
    const others = { inFeatures: 77, format: 'q4', bias: false, rank: 0 } as const;
    expect(
      [
        [2, 256],
        [2, 16],
        [3, 16],
        [3, 32],
        [3, 33],
        [8, 33],
        [9, 33],
      ].map(([rows = 0, outFeatures = 0]) => selectMatmulNt({ variant: 'serial-quad', rows, outFeatures, ...others })),
    ).toEqual(['quads_row', 'quads_narrow_row', 'quads_narrow', 'quads_narrow', 'quads_eight', 'quads_eight', 'quads']);
    expect(
      [1, 2, 3, 512].map((rows) => selectMatmulNt({ variant: 'serial', rows, outFeatures: 256, ...others })),
    ).toEqual(['serial_row', 'serial_row', 'serial', 'serial']);
    const onGpu = (rows: number, more: Partial<Parameters<typeof selectMatmulNt>[0]> = {}): MatmulNtEntry =>
      selectMatmulNt({ variant: 'workgroup', rows, outFeatures: 256, ...others, ...more });
    expect([1, 4, 5, 512].map((rows) => onGpu(rows))).toEqual(['matvec', 'matvec', 'tile', 'tile']);
    expect(onGpu(512, { inFeatures: 576, outFeatures: 576 })).toBe('wide');
    expect(onGpu(512, { inFeatures: 576, outFeatures: 192 })).toBe('wide_small');
    expect(onGpu(512, { inFeatures: 560, outFeatures: 192 })).toBe('wide');
    expect(onGpu(512, { inFeatures: 576, outFeatures: 16, format: 'f32' })).toBe('narrow');
    expect(onGpu(512, { inFeatures: 576, outFeatures: 16 })).toBe('wide_small');
    expect(onGpu(512, { inFeatures: 54, outFeatures: 16, format: 'f32' })).toBe('tile');
  });
});
