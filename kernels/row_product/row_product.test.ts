import { describe, expect, it } from 'vitest';
import { unpackWeight } from '../../src/formats/quantize.ts';
import { expectClose, expectNonTrivial, reductionTolerance, testValues } from '../../test/harness/compare.ts';
import { testWeight } from '../../test/harness/formats.ts';
import { testGpu } from '../../test/harness/gpu.ts';
import { runLaunches } from '../../test/harness/launch.ts';
import { cases } from './row_product.cases.ts';
import { gatedRef, normRef, partsRef, productRef } from './row_product.ref.ts';
import { isRowProduct, rowProduct, type RowInput } from './row_product.ts';

const EPS = 1e-2;
const PARTS = 8;

/** Parts with the states of `used` of them: largest scores far apart, one that saw nothing; what is not in use is no number. */
function partsOf(heads: number, headDim: number, used: number): Float32Array {
  const parts = testValues(PARTS * heads * (headDim + 4), 1);
  for (let part = 0; part < PARTS; part += 1) {
    for (let head = 0; head < heads; head += 1) {
      const at = (part * heads + head) * (headDim + 4);
      const isUnseen = used > 2 && part === 1;
      if (isUnseen || part >= used) parts.fill(part >= used ? Number.NaN : 0, at, at + headDim);
      const largest = isUnseen ? Math.fround(-3.4e38) : ((part * 7 + head * 3) % 5) * 2 - 90;
      parts.set([largest, isUnseen ? 0 : 1 + ((part + head) % 3), used, 0], at + headDim);
    }
  }
  return parts;
}

describe('row_product', () => {
  it.each(cases)(
    'matches the f64 reference: $inFeatures -> $outFeatures, $format, bias $bias, $input, $output',
    async (shape) => {
      const { inFeatures, outFeatures, output } = shape;
      const outOffset = 3;
      const isGated = output === 'silu' || output === 'gelu_tanh';
      const rows = isGated ? 2 * outFeatures : outFeatures;
      const packed = testWeight(shape.format, rows, inFeatures, 1);
      const bias = testValues(rows, 3);
      const norm = testValues(inFeatures, 4);
      const added = testValues(outFeatures, 5);
      const heads = 'heads' in shape ? shape.heads : 1;
      const headDim = inFeatures / heads;
      const used = 'used' in shape ? shape.used : 1;
      const x = shape.input === 'parts' ? partsOf(heads, headDim, used) : testValues(inFeatures, 2);
      const input: RowInput =
        shape.input === 'parts'
          ? { kind: 'parts', heads, headDim }
          : shape.input === 'norm'
            ? { kind: 'norm', eps: EPS, weightOffset: 0.5 }
            : { kind: 'row' };
      const u =
        shape.input === 'parts'
          ? partsRef(x, heads, headDim, used)
          : shape.input === 'norm'
            ? normRef(x, norm, EPS, 0.5)
            : x;
      const z = productRef(u, unpackWeight(packed), shape.bias ? bias : undefined);
      const expected = isGated
        ? gatedRef(z, output)
        : z.map((value, o) => value + (output === 'add' ? (added[o] ?? 0) : 0));
      expectNonTrivial(expected);
      const launch = rowProduct({ ...shape, outOffset, input });
      const before = testValues(outFeatures + 7, 6);
      const all = { x, w_codes: packed.codes, w_scales: packed.scales, bias, norm, added, y: before };
      const bound = Object.fromEntries(Object.entries(all).filter(([name]) => launch.operands.includes(name)));
      // A folded grid with one workgroup too many.
      const folded = { ...launch, workgroups: [2, Math.ceil((launch.workgroups[0] + 1) / 2), 1] as const };
      const run = async () => (await runLaunches(await testGpu(), [folded], bound))['y'] ?? [];
      const y = await run();
      const wanted = Float64Array.from(before);
      wanted.set(expected, outOffset);
      expectClose(y, wanted, reductionTolerance(inFeatures, 8, 10), 'y', [1, before.length]);
      expect(await run()).toEqual(y);
    },
  );

  it('gives zeros where no part has seen anything', async () => {
    const parts = new Float32Array(PARTS * 2 * 20);
    for (let at = 16; at < parts.length; at += 20) parts.set([Math.fround(-3.4e38), 0, 1, 0], at);
    const packed = testWeight('f32', 3, 32, 1);
    const input = { kind: 'parts', heads: 2, headDim: 16 } as const;
    const launch = rowProduct({ inFeatures: 32, outFeatures: 3, format: 'f32', bias: false, input, output: 'plain' });
    const { y } = await runLaunches(await testGpu(), [launch], {
      x: parts,
      w_codes: packed.codes,
      y: testValues(3, 1),
    });
    expect([...(y ?? [])]).toEqual([0, 0, 0]);
  });

  it('takes rows that can be read sixteen values at a time, and up to 64 heads', () => {
    const row = { kind: 'row' } as const;
    expect(isRowProduct({ inFeatures: 576, input: row })).toBe(true);
    expect(isRowProduct({ inFeatures: 40, input: row })).toBe(false);
    expect(isRowProduct({ inFeatures: 1040, input: { kind: 'parts', heads: 65, headDim: 16 } })).toBe(false);
    expect(isRowProduct({ inFeatures: 640, input: { kind: 'parts', heads: 16, headDim: 40 } })).toBe(false);
  });
});
