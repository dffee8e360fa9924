import { describe, expect, it } from 'vitest';
import { expectClose, testValues } from '../../test/harness/compare.ts';
import { testGpu } from '../../test/harness/gpu.ts';
import { runLaunches } from '../../test/harness/launch.ts';
import { counts } from './add.cases.ts';
import { addRef } from './add.ref.ts';
import { add, addInPlace } from './add.ts';

/** One rounding. */
const tolerance = { rtol: 2 ** -23, atol: 0 };

describe('add', () => {
  it.each(counts)('matches the f64 reference over %i elements', async (count) => {
    const [a, b] = [testValues(count, 1), testValues(count, 2)];
    const result = await runLaunches(await testGpu(), [add({ count })], { a, b, y: testValues(count, 3) });
    expectClose(result['y'] ?? [], addRef(a, b), tolerance);
  });

  it.each(counts)('adds in place over %i elements', async (count) => {
    const [into, b] = [testValues(count, 1), testValues(count, 2)];
    const result = await runLaunches(await testGpu(), [addInPlace({ count })], { into, b });
    expectClose(result['into'] ?? [], addRef(into, b), tolerance);
  });

  it('gives the same bits twice and over a folded grid', async () => {
    const buffers = { a: testValues(1001, 4), b: testValues(1001, 5), y: new Float32Array(1001) };
    const once = await runLaunches(await testGpu(), [add({ count: 1001 })], buffers);
    expect(await runLaunches(await testGpu(), [add({ count: 1001 })], buffers)).toEqual(once);
    expect(await runLaunches(await testGpu(), [{ ...add({ count: 1001 }), workgroups: [9, 2, 1] }], buffers)).toEqual(
      once,
    );
    const inPlace = { into: buffers.a, b: buffers.b };
    const folded = await runLaunches(
      await testGpu(),
      [{ ...addInPlace({ count: 1001 }), workgroups: [9, 2, 1] }],
      inPlace,
    );
    expect(folded['into']).toEqual(once['y']);
  });
});
