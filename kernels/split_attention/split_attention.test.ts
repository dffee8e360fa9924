import { describe, expect, it } from 'vitest';
import { expectClose, expectNonTrivial, reductionTolerance, testValues } from '../../test/harness/compare.ts';
import { testGpu } from '../../test/harness/gpu.ts';
import { runLaunches, type Numbers } from '../../test/harness/launch.ts';
import { cachedAttentionRef } from '../cached_attention/cached_attention.ref.ts';
import { cases } from './split_attention.cases.ts';
import { splitAttentionRef } from './split_attention.ref.ts';
import { isSplitAttention, partsShape, splitAttention, type SplitAttentionArgs } from './split_attention.ts';

const SLOTS = 3;
const NO_SLOT = 0xffffffff;

type Shape = Omit<SplitAttentionArgs, 'scale'>;

function inputOf({ heads, kvHeads, headDim, rotaryDim, maxPositions }: Shape) {
  const cacheSize = SLOTS * maxPositions * kvHeads * headDim;
  // Positions past the cache's end have a row of the table too.
  const angles = testValues(((maxPositions + 1) * rotaryDim) / 2, 4, 3);
  return {
    qkv: testValues((heads + 2 * kvHeads) * headDim, 1, 2),
    cosTable: angles.map((angle) => Math.cos(angle)),
    sinTable: angles.map((angle) => Math.sin(angle)),
    cacheK: testValues(cacheSize, 2),
    cacheV: testValues(cacheSize, 3),
  };
}

/** Runs over a grid of one workgroup too many, whose outputs begin as rubbish and end in an element that must stay. */
async function run(
  shape: SplitAttentionArgs,
  input: ReturnType<typeof inputOf>,
  slot: number | undefined,
  position: number,
): Promise<Record<string, Numbers>> {
  const launch = splitAttention(shape);
  const elems = partsShape(shape).reduce((product, size) => product * size, 1);
  const { parts = [], ...rest } = await runLaunches(
    await testGpu(),
    [{ ...launch, workgroups: [2, Math.ceil((launch.workgroups[0] + 1) / 2), 1] }],
    {
      qkv: input.qkv,
      ...(shape.rotaryDim > 0 && { cos_table: input.cosTable, sin_table: input.sinTable }),
      slots: Uint32Array.of(slot ?? NO_SLOT),
      positions: Uint32Array.of(position),
      cache_k: input.cacheK,
      cache_v: input.cacheV,
      parts: new Float32Array(elems + 4).fill(7e30),
    },
  );
  expect([...parts].slice(elems)).toEqual(Array(4).fill(Math.fround(7e30)));
  return { parts: parts as Float32Array, ...rest };
}

/** Puts parts together in f64. */
function merged(parts: ArrayLike<number>, { heads, headDim }: Shape): Float64Array {
  const at = (part: number, head: number, i: number): number =>
    parts[(part * heads + head) * (headDim + 4) + i] ?? Number.NaN;
  const o = new Float64Array(heads * headDim);
  const used = Array.from({ length: at(0, 0, headDim + 2) }, (_, part) => part);
  for (let head = 0; head < heads; head += 1) {
    const largest = Math.max(...used.map((part) => at(part, head, headDim)));
    const weights = used.map((part) => Math.exp(at(part, head, headDim) - largest));
    const sum = used.reduce((total, part) => total + (weights[part] ?? 0) * at(part, head, headDim + 1), 0);
    if (sum === 0) continue;
    for (let d = 0; d < headDim; d += 1)
      o[head * headDim + d] = used.reduce((total, part) => total + (weights[part] ?? 0) * at(part, head, d), 0) / sum;
  }
  return o;
}

describe('split_attention', () => {
  it.each(cases)(
    'matches the f64 reference: heads $heads/$kvHeads, D $headDim, position $position of $maxPositions, window $window',
    async ({ slot, position, ...rest }) => {
      const shape = { ...rest, scale: 1 / Math.sqrt(rest.headDim) };
      const input = inputOf(shape);
      const expected = splitAttentionRef(shape, { ...input, slot, position });
      const once = await run(shape, input, slot, position);
      if (slot !== undefined) expectNonTrivial(expected.o);
      const tolerance = reductionTolerance(shape.headDim + shape.maxPositions, 8, 2);
      expectClose(merged(once['parts'] ?? [], shape), expected.o, tolerance, 'o', [shape.heads, shape.headDim]);
      // All but the new row keep their bits.
      expectClose(once['cache_k'] ?? [], expected.cacheK, { atol: 1e-6, rtol: 1e-6 }, 'cache_k');
      expectClose(once['cache_v'] ?? [], expected.cacheV, { atol: 0, rtol: 0 }, 'cache_v');
      expect(await run(shape, input, slot, position)).toEqual(once);
    },
  );

  it('is right where one score is hundreds above the others, wherever it stands', async () => {
    const shape = { heads: 1, kvHeads: 1, headDim: 16, rotaryDim: 0, maxPositions: 300, scale: 1 };
    const input = inputOf(shape);
    input.qkv.fill(0, 0, 32);
    input.qkv[0] = 20;
    for (const top of [0, 1, 127, 128, 255, 298, 299]) {
      // e to the 400 would overflow if the largest score were not taken off first.
      input.qkv[16] = top === 299 ? 20 : 0;
      const cacheK = new Float32Array(input.cacheK.length);
      if (top < 299) cacheK[top * 16] = 20;
      const expected = splitAttentionRef(shape, { ...input, cacheK, slot: 0, position: 299 });
      const { parts = [] } = await run(shape, { ...input, cacheK }, 0, 299);
      expectClose(merged(parts, shape), expected.o, { atol: 1e-6, rtol: 1e-6 }, `o with key ${top}`);
    }
  });

  it('takes no part in heads that it does not have', () => {
    expect(isSplitAttention({ heads: 64, headDim: 256 })).toBe(true);
    for (const [heads, headDim] of [
      [65, 64],
      [8, 72],
      [8, 272],
    ] as const)
      expect(isSplitAttention({ heads, headDim })).toBe(false);
  });

  it('has a reference that agrees with attention over a cache that has the key already', () => {
    const shape = {
      heads: 4,
      kvHeads: 2,
      headDim: 6,
      rotaryDim: 0,
      maxPositions: 9,
      scale: 0.4,
      window: 5,
      softCap: 2,
    };
    const input = inputOf(shape);
    const { o, cacheK, cacheV } = splitAttentionRef(shape, { ...input, slot: 1, position: 7 });
    const of = { ...shape, rows: 1 };
    const queries = input.qkv.subarray(0, 24);
    const cached = cachedAttentionRef(of, queries, cacheK, cacheV, Uint32Array.of(1), Uint32Array.of(7));
    expectClose(o, cached, { atol: 1e-12, rtol: 1e-12 });
  });
});
