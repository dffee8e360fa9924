import { describe, expect, it } from 'vitest';
import { packWeight, sliceRows, unpackWeight } from '../../src/formats/quantize.ts';
import { expectClose, expectNonTrivial, testValues } from '../../test/harness/compare.ts';
import { testWeight } from '../../test/harness/formats.ts';
import { testGpu } from '../../test/harness/gpu.ts';
import { runLaunches } from '../../test/harness/launch.ts';
import { cases } from './embedding.cases.ts';
import { embeddingRef } from './embedding.ref.ts';
import { embedding } from './embedding.ts';

describe('embedding', () => {
  it.each(cases)('matches the f64 reference: $rows of $vocab x $cols, $format, parts from $parts', async (shape) => {
    const { rows, vocab, cols, scale } = shape;
    const gpu = await testGpu();
    const packed = testWeight(shape.format, vocab, cols, 1);
    const tokens = Uint32Array.from({ length: rows }, (_, n) => (n * 7 + vocab - 1) % vocab);
    const expected = embeddingRef(tokens, Float64Array.from(unpackWeight(packed)), cols, scale);
    expectNonTrivial(expected);
    const starts: readonly number[] = shape.parts;
    let y = new Float32Array(rows * cols).fill(-77);
    for (const [index, rowOffset] of starts.entries()) {
      const end = starts[index + 1] ?? vocab;
      const part = sliceRows(packed, rowOffset, end);
      const launch = embedding({ ...shape, rowOffset, partRows: end - rowOffset });
      const scales = launch.operands.includes('w_scales') ? { w_scales: part.scales } : {};
      const after = await runLaunches(gpu, [launch], { tokens, w_codes: part.codes, ...scales, y });
      const kept = y;
      y = Float32Array.from(after['y'] ?? []);
      for (const [n, token] of tokens.entries()) {
        if (token >= rowOffset && token < end) continue;
        expect(y.subarray(n * cols, (n + 1) * cols)).toEqual(kept.subarray(n * cols, (n + 1) * cols));
      }
    }
    // One rounding of the value, one of the scale's product.
    expectClose(y, expected, { atol: 0, rtol: 2 ** -22 }, 'y', [rows, cols]);
  });

  it('gives the same bits over a folded grid', async () => {
    const gpu = await testGpu();
    const [rows, cols] = [90, 12];
    const packed = packWeight(testValues(20 * cols, 1), 20, cols, 'f32');
    const launch = embedding({ rows, cols, rowOffset: 0, partRows: 20, format: 'f32', scale: 1 });
    const buffers = {
      tokens: Uint32Array.from({ length: rows }, (_, n) => (n * 7) % 20),
      w_codes: packed.codes,
      y: new Float32Array(rows * cols),
    };
    const folded = { ...launch, workgroups: [Math.ceil(launch.workgroups[0] / 2), 2, 1] as const };
    expect(folded.workgroups[0]).toBeGreaterThan(1);
    expect(await runLaunches(gpu, [folded], buffers)).toEqual(await runLaunches(gpu, [launch], buffers));
  });

  it('reads no token past its rows', async () => {
    const packed = packWeight(testValues(12, 1), 4, 3, 'f32');
    const launch = embedding({ rows: 2, cols: 3, rowOffset: 0, partRows: 4, format: 'f32', scale: 1 });
    const y = testValues(12, 2);
    const tokens = Uint32Array.of(1, 3, 0, 2);
    const after = await runLaunches(await testGpu(), [launch], { tokens, w_codes: packed.codes, y });
    expect(after['y']?.slice(6)).toEqual(y.slice(6));
    expect(after['y']?.slice(0, 3)).not.toEqual(y.slice(0, 3));
  });

  it('leaves rows alone whose token no part holds', async () => {
    const packed = packWeight(testValues(12, 1), 4, 3, 'f32');
    const launch = embedding({ rows: 2, cols: 3, rowOffset: 0, partRows: 4, format: 'f32', scale: 1 });
    const y = testValues(6, 2);
    const after = await runLaunches(await testGpu(), [launch], {
      tokens: Uint32Array.of(4, 0xffffffff),
      w_codes: packed.codes,
      y,
    });
    expect(after['y']).toEqual(y);
  });
});
