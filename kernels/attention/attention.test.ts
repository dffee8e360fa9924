import { describe, expect, it } from 'vitest';
import {
  expectClose,
  expectFiniteDifferences,
  expectNonTrivial,
  reductionTolerance,
  testValues,
} from '../../test/harness/compare.ts';
import { testGpu } from '../../test/harness/gpu.ts';
import { runLaunches, type Numbers } from '../../test/harness/launch.ts';
import { opFixture } from '../../test/harness/op-fixture.ts';
import { cases, fixtures } from './attention.cases.ts';
import { attentionBackwardRef, attentionForwardRef, attentionStatsRef } from './attention.ref.ts';
import {
  attentionBackwardDkv,
  attentionBackwardDq,
  attentionForward,
  attentionStats,
  type AttentionArgs,
} from './attention.ts';

/** A software adapter compiles the three tiled programs of a head size for seconds; on a busy machine for minutes. */
const COMPILE_MS = 600_000;

type Shape = Omit<AttentionArgs, 'variant' | 'quads'>;

/** How the arguments ask for each way of spreading work. */
const SPREADS = {
  serial: { variant: 'serial' },
  quads: { variant: 'serial', quads: true },
  workgroup: { variant: 'workgroup' },
} as const;

/** Bounds of segments laid end to end; rows past them see only themselves, as padding does. */
function boundsOf(segments: readonly number[], rows: number): Uint32Array {
  const bounds = Uint32Array.from({ length: rows * 2 }, (_, i) => (i >> 1) + (i % 2));
  let first = 0;
  for (const length of segments) {
    for (let row = first; row < first + length; row += 1) bounds.set([first, first + length], row * 2);
    first += length;
  }
  return bounds;
}

interface Inputs {
  readonly q: Float32Array;
  readonly k: Float32Array;
  readonly v: Float32Array;
  readonly dy: Float32Array;
}

function inputsOf({ rows, heads, kvHeads, headDim }: Shape): Inputs {
  // Twice the usual spread, so that the softmax is far from uniform.
  const [queries, keys] = [rows * heads * headDim, rows * kvHeads * headDim];
  return { q: testValues(queries, 1, 2), k: testValues(keys, 2), v: testValues(keys, 3), dy: testValues(queries, 4) };
}

async function run(args: AttentionArgs, inputs: Inputs, bounds: Uint32Array): Promise<Record<string, Numbers>> {
  const { rows, heads } = args;
  const launches = [
    attentionForward(args),
    attentionStats(args),
    attentionBackwardDq(args),
    attentionBackwardDkv(args),
  ];
  const dirty = (like: Float32Array): Float32Array => testValues(like.length, 5);
  const { q, k } = inputs;
  const outputs = {
    o: dirty(q),
    lse: new Float32Array(rows * heads),
    stats: new Float32Array(rows * heads * 2),
    dq: dirty(q),
    dk: dirty(k),
    dv: dirty(k),
  };
  return runLaunches(await testGpu(), launches, { ...inputs, bounds, ...outputs });
}

describe.each(['serial', 'quads', 'workgroup'] as const)('attention, %s', (spread) => {
  const how = SPREADS[spread];

  it.each(cases[spread])(
    'matches the f64 reference: segments $segments, heads $heads/$kvHeads, D $headDim',
    async (args) => {
      const { segments, ...rest } = args;
      const rows = segments.reduce((sum, length) => sum + length, 0);
      const shape = { ...rest, rows, scale: 1 / Math.sqrt(args.headDim) };
      const { heads, kvHeads, headDim } = shape;
      const bounds = boundsOf(segments, rows);
      const inputs = inputsOf(shape);
      const { q, k, v, dy } = inputs;
      const forward = attentionForwardRef(shape, q, k, v, bounds);
      const backward = attentionBackwardRef(shape, q, k, v, bounds, dy);
      expectNonTrivial(forward.o);
      const result = await run({ ...shape, ...how }, inputs, bounds);
      const tolerance = reductionTolerance(headDim + rows, 8, 2);
      expectClose(result['o'] ?? [], forward.o, tolerance, 'o', [rows, heads, headDim]);
      expectClose(result['lse'] ?? [], forward.lse, tolerance, 'lse', [rows, heads]);
      expectClose(
        result['stats'] ?? [],
        attentionStatsRef(shape, forward.o, dy, forward.lse),
        reductionTolerance(headDim + rows, 8, 8),
        'stats',
        [rows, heads, 2],
      );
      // Gradients add up differences of large terms: dP - delta, then a sum over up to rows * group of them.
      const loose = reductionTolerance(headDim + (rows * heads) / kvHeads, 8, 8);
      expectClose(result['dq'] ?? [], backward.dq, loose, 'dq', [rows, heads, headDim]);
      expectClose(result['dk'] ?? [], backward.dk, loose, 'dk', [rows, kvHeads, headDim]);
      expectClose(result['dv'] ?? [], backward.dv, loose, 'dv', [rows, kvHeads, headDim]);
    },
    COMPILE_MS,
  );

  it.each(fixtures[spread])('agrees with PyTorch: %s', async (name) => {
    const fixture = opFixture('attention', name);
    const {
      query_heads: heads,
      kv_heads: kvHeads,
      head_dim: headDim,
      scale,
      window,
      soft_cap: softCap,
    } = fixture.attributes as Record<string, number>;
    if (heads === undefined || kvHeads === undefined || headDim === undefined || scale === undefined)
      throw new Error('attributes are missing');
    const starts = fixture.ints('bounds');
    const rows = starts.at(-1) ?? 0;
    const segments = Array.from(starts.subarray(1), (end, i) => end - (starts[i] ?? 0));
    const inputs = { q: fixture.floats('q'), k: fixture.floats('k'), v: fixture.floats('v'), dy: fixture.floats('dy') };
    const options = { ...(window ? { window } : {}), ...(softCap ? { softCap } : {}) };
    const result = await run(
      { rows, heads, kvHeads, headDim, scale, ...options, ...how },
      inputs,
      boundsOf(segments, rows),
    );
    for (const [ours, theirs] of [
      ['o', 'y'],
      ['lse', 'lse'],
      ['dq', 'dq'],
      ['dk', 'dk'],
      ['dv', 'dv'],
    ] as const) {
      const expected = fixture.floats(theirs);
      // The sharp case's scores reach hundreds, and exp's error with them: bounds in the unit of the largest value.
      const largest = expected.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
      expectClose(result[ours] ?? [], expected, reductionTolerance(headDim + rows, 8, Math.max(1, largest)), ours);
    }
  });

  it('gives the same bits twice, and the same bits for a row whatever rows are padded behind it', async () => {
    const shape = { rows: 27, heads: 4, kvHeads: 2, headDim: 10, scale: 0.3 };
    const longer = { ...shape, rows: 64 };
    const many = inputsOf(longer);
    const few = {
      q: many.q.slice(0, 27 * 40),
      dy: many.dy.slice(0, 27 * 40),
      k: many.k.slice(0, 27 * 20),
      v: many.v.slice(0, 27 * 20),
    };
    const once = await run({ ...shape, ...how }, few, boundsOf([20, 7], 27));
    expect(await run({ ...shape, ...how }, few, boundsOf([20, 7], 27))).toEqual(once);
    const padded = await run({ ...longer, ...how }, many, boundsOf([20, 7], 64));
    for (const name of ['o', 'lse', 'dq', 'dk', 'dv'])
      expect(padded[name]?.slice(0, once[name]?.length), name).toEqual(once[name]);
  });

  it('gives zeros for a row outside its own segment', async () => {
    const shape = { rows: 9, heads: 2, kvHeads: 1, headDim: 10, scale: 0.5 };
    const bounds = boundsOf([6], 9);
    bounds.set([0, 0, 0, 0, 0, 0], 12);
    const result = await run({ ...shape, ...how }, inputsOf(shape), bounds);
    for (const name of ['o', 'dq']) expect([...(result[name] ?? [])].slice(6 * 20), name).toEqual(Array(60).fill(0));
    for (const name of ['dk', 'dv']) expect([...(result[name] ?? [])].slice(6 * 10), name).toEqual(Array(30).fill(0));
    expect([...(result['o'] ?? [])].every(Number.isFinite)).toBe(true);
  });

  it('runs the programs that were asked for', () => {
    const args = { rows: 4, heads: 2, kvHeads: 1, headDim: 4, scale: 1, ...how };
    const suffix = spread === 'quads' ? '_quads' : '';
    expect([attentionForward, attentionBackwardDq, attentionBackwardDkv].map((of) => of(args).entry)).toEqual([
      `forward${suffix}`,
      `backward_dq${suffix}`,
      `backward_dkv${suffix}`,
    ]);
    expect(attentionForward(args).kernel.wgsl.includes('var<workgroup>')).toBe(spread === 'workgroup');
  });

  it('covers all rows of a folded grid', async () => {
    const shape = { rows: 70, heads: 3, kvHeads: 3, headDim: 10, scale: 0.5 };
    const inputs = inputsOf(shape);
    const bounds = boundsOf([70], 70);
    const args = { ...shape, ...how };
    const launches = [attentionForward, attentionStats, attentionBackwardDq, attentionBackwardDkv].map((of) =>
      of(args),
    );
    const folded = launches.map((launch) => ({
      ...launch,
      workgroups: [Math.ceil(launch.workgroups[0] / 2), 2, 1] as const,
    }));
    const like = (values: Float32Array): Float32Array => new Float32Array(values.length);
    const buffers = {
      ...inputs,
      bounds,
      o: like(inputs.q),
      lse: new Float32Array(210),
      stats: new Float32Array(420),
      dq: like(inputs.q),
      dk: like(inputs.k),
      dv: like(inputs.v),
    };
    const result = await runLaunches(await testGpu(), folded, buffers);
    expect(result).toEqual(await runLaunches(await testGpu(), launches, buffers));
  });
});

describe('the attention reference', () => {
  it.each([{}, { window: 3, softCap: 1.2 }])('has gradients that agree with central differences: %o', (options) => {
    const shape = { rows: 9, heads: 4, kvHeads: 2, headDim: 3, scale: 0.7, ...options };
    const inputs = inputsOf(shape);
    const bounds = boundsOf([5, 4], 9);
    const [q, k, v] = [Float64Array.from(inputs.q), Float64Array.from(inputs.k), Float64Array.from(inputs.v)];
    const loss = (): number =>
      attentionForwardRef(shape, q, k, v, bounds).o.reduce((sum, o, i) => sum + o * (inputs.dy[i] ?? 0), 0);
    const { dq, dk, dv } = attentionBackwardRef(shape, q, k, v, bounds, inputs.dy);
    expectFiniteDifferences(loss, q, dq, { label: 'dq' });
    expectFiniteDifferences(loss, k, dk, { label: 'dk' });
    expectFiniteDifferences(loss, v, dv, { label: 'dv' });
  });
});
