import { describe, expect, it } from 'vitest';
import type { Launch } from '../../src/gpu/kernel.ts';
import { testValues } from '../../test/harness/compare.ts';
import { testGpu } from '../../test/harness/gpu.ts';
import { runLaunches } from '../../test/harness/launch.ts';
import { cases } from './kv_write.cases.ts';
import { kvWriteRef } from './kv_write.ref.ts';
import { kvWrite, NO_SLOT } from './kv_write.ts';

const SLOTS = 3;

describe('kv_write', () => {
  it.each(cases)(
    'moves exactly the rows it should: K $kvHeads, D $headDim',
    async ({ kvHeads, headDim, maxPositions, at }) => {
      const cols = kvHeads * headDim;
      const slots = Uint32Array.from(at, ([slot]) => slot);
      const positions = Uint32Array.from(at, ([, position]) => position);
      const [k, v] = [testValues(at.length * cols, 1), testValues(at.length * cols, 2)];
      const [cacheK, cacheV] = [testValues(SLOTS * maxPositions * cols, 3), testValues(SLOTS * maxPositions * cols, 4)];
      const launch = kvWrite({ rows: at.length, kvHeads, headDim, maxPositions });
      const result = await runLaunches(await testGpu(), [launch], {
        k,
        v,
        slots,
        positions,
        cache_k: cacheK,
        cache_v: cacheV,
      });
      expect(result['cache_k']).toEqual(kvWriteRef(k, cols, slots, positions, cacheK, maxPositions));
      expect(result['cache_v']).toEqual(kvWriteRef(v, cols, slots, positions, cacheV, maxPositions));
      expect(result['cache_k']).not.toEqual(cacheK);
    },
  );

  it('covers all rows of a folded grid, and writes nothing for padding alone', async () => {
    const positions = Uint32Array.from({ length: 70 }, (_, n) => n);
    const buffers = {
      k: testValues(560, 5),
      v: testValues(560, 6),
      positions,
      cache_k: new Float32Array(560),
      cache_v: new Float32Array(560),
    };
    const launch = kvWrite({ rows: 70, kvHeads: 2, headDim: 4, maxPositions: 70 });
    const folded: Launch = { ...launch, workgroups: [2, 2, 1] };
    expect(launch.workgroups).toEqual([3, 1, 1]);
    const written = await runLaunches(await testGpu(), [folded], { ...buffers, slots: new Uint32Array(70) });
    expect(written['cache_k']).toEqual(buffers.k);
    expect(written['cache_v']).toEqual(buffers.v);
    const padding = await runLaunches(await testGpu(), [launch], {
      ...buffers,
      slots: new Uint32Array(70).fill(NO_SLOT),
    });
    expect(padding['cache_k']).toEqual(buffers.cache_k);
  });
});
