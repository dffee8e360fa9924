import { describe, expect, it } from 'vitest';
import { expectClose, expectNonTrivial, reductionTolerance, testValues } from '../../test/harness/compare.ts';
import { testGpu } from '../../test/harness/gpu.ts';
import { runLaunches } from '../../test/harness/launch.ts';
import { KERNEL_VARIANTS, type KernelVariant } from '../../src/gpu/device-profile.ts';
import { attentionForwardRef } from '../attention/attention.ref.ts';
import { cases } from './cached_attention.cases.ts';
import { cachedAttentionRef } from './cached_attention.ref.ts';
import { cachedAttention } from './cached_attention.ts';

describe.each(['attend_serial', 'attend_quads', 'attend'] as const)('cached_attention, %s', (entry) => {
  const variant = entry === 'attend' ? 'workgroup' : 'serial';

  it.each(cases)(
    'matches the f64 reference: heads $heads/$kvHeads, D $headDim, positions $maxPositions',
    async (args) => {
      const { at, ...rest } = args;
      const shape = { ...rest, rows: at.length, scale: 1 / Math.sqrt(args.headDim) };
      const slots = Uint32Array.from(at, ([slot]) => slot);
      const positions = Uint32Array.from(at, ([, position]) => position);
      const q = testValues(shape.rows * shape.heads * shape.headDim, 1, 2);
      const cacheSize = 3 * shape.maxPositions * shape.kvHeads * shape.headDim;
      const [cacheK, cacheV] = [testValues(cacheSize, 2), testValues(cacheSize, 3)];
      const expected = cachedAttentionRef(shape, q, cacheK, cacheV, slots, positions);
      expectNonTrivial(expected);
      const buffers = { q, cache_k: cacheK, cache_v: cacheV, slots, positions, o: testValues(q.length, 4) };
      const once = await runLaunches(await testGpu(), [cachedAttention({ ...shape, variant }, entry)], buffers);
      expectClose(once['o'] ?? [], expected, reductionTolerance(shape.headDim + shape.maxPositions, 8, 2), 'o', [
        shape.rows,
        shape.heads,
        shape.headDim,
      ]);
      expect(await runLaunches(await testGpu(), [cachedAttention({ ...shape, variant }, entry)], buffers)).toEqual(
        once,
      );
    },
  );

  it('is right where one score is hundreds above the others, wherever it stands', async () => {
    const shape = { rows: 2, heads: 1, kvHeads: 1, headDim: 4, maxPositions: 40, scale: 1 };
    // e to the 400 would overflow if the largest score were not taken off first.
    const q = Float32Array.from({ length: 8 }, (_, i) => (i % 4 === 0 ? 20 : 0));
    const slots = new Uint32Array(2);
    const positions = new Uint32Array(2).fill(39);
    for (const top of [0, 1, 3, 4, 8, 15, 16, 31, 32, 39]) {
      const cacheK = Float32Array.from({ length: 160 }, (_, i) => (i === top * 4 ? 20 : 0));
      const cacheV = testValues(160, 3);
      const buffers = { q, cache_k: cacheK, cache_v: cacheV, slots, positions, o: new Float32Array(8) };
      const { o } = await runLaunches(await testGpu(), [cachedAttention({ ...shape, variant }, entry)], buffers);
      const expected = cachedAttentionRef(shape, q, cacheK, cacheV, slots, positions);
      expectClose(o ?? [], expected, { atol: 1e-6, rtol: 1e-6 }, `o with key ${top}`);
    }
  });

  it('gives a row the same bits in decode and in a prefill of many rows, over a folded grid', async () => {
    const shape = { heads: 3, kvHeads: 1, headDim: 12, maxPositions: 40, scale: 0.3, variant } as const;
    const q = testValues(30 * 36, 5);
    const [cacheK, cacheV] = [testValues(2 * 40 * 12, 6), testValues(2 * 40 * 12, 7)];
    const positions = Uint32Array.from({ length: 30 }, (_, n) => n);
    const slots = new Uint32Array(30).fill(1);
    const run = async (first: number, rows: number): Promise<number[]> => {
      const launch = cachedAttention({ ...shape, rows }, entry);
      const folded = { ...launch, workgroups: [Math.ceil(launch.workgroups[0] / 2), 2, 1] as const };
      const part = {
        q: q.slice(first * 36, (first + rows) * 36),
        slots: slots.slice(0, rows),
        positions: positions.slice(first, first + rows),
      };
      const result = await runLaunches(await testGpu(), [folded], {
        ...part,
        cache_k: cacheK,
        cache_v: cacheV,
        o: new Float32Array(rows * 36),
      });
      return [...(result['o'] ?? [])];
    };
    const prefill = await run(0, 30);
    for (const row of [0, 13, 29]) expect(await run(row, 1)).toEqual(prefill.slice(row * 36, (row + 1) * 36));
  });
});

it('runs the quad-subgroup variant where an adapter has it, with up to four heads in each quad', () => {
  const shape = { rows: 1, headDim: 8, maxPositions: 9, scale: 1 } as const;
  const headsOf = (heads: number, kvHeads: number): unknown =>
    cachedAttention({ ...shape, heads, kvHeads, variant: 'serial-quad' }).overrides['HEADS'];
  expect([headsOf(4, 4), headsOf(9, 3), headsOf(8, 2), headsOf(5, 1), headsOf(14, 2)]).toEqual([1, 3, 4, 3, 4]);
  const entryOf = (variant: KernelVariant): string =>
    cachedAttention({ ...shape, heads: 4, kvHeads: 2, variant }).entry;
  expect(KERNEL_VARIANTS.map(entryOf)).toEqual(['attend', 'attend_serial', 'attend_quads']);
});

it('has a reference that agrees with the training attention of one whole segment', () => {
  const shape = { rows: 11, heads: 4, kvHeads: 2, headDim: 5, scale: 0.4, window: 6, softCap: 2 };
  const [q, k, v] = [testValues(220, 1), testValues(110, 2), testValues(110, 3)];
  const bounds = Uint32Array.from({ length: 22 }, (_, i) => (i % 2) * 11);
  const positions = Uint32Array.from({ length: 11 }, (_, n) => n);
  const cached = cachedAttentionRef({ ...shape, maxPositions: 11 }, q, k, v, new Uint32Array(11), positions);
  expectClose(cached, attentionForwardRef(shape, q, k, v, bounds).o, { atol: 1e-12, rtol: 1e-12 });
});
