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
import { KERNEL_VARIANTS, type KernelVariant } from '../../src/gpu/device-profile.ts';
import type { Launch } from '../../src/gpu/kernel.ts';
import { broadcastFor, MEASURED_BROADCASTS, type BroadcastEntry } from '../_lib/broadcast.ts';
import { broadcastCases, cases, fixtures } from './attention.cases.ts';
import { attentionBackwardRef, attentionDeltaRef, attentionForwardRef } from './attention.ref.ts';
import {
  attentionBackward,
  attentionForward,
  attentionDelta,
  headsShape,
  pDsShape,
  type AttentionBackwardArgs,
} from './attention.ts';

/** A software adapter compiles the three tiled programs of a head size for seconds; on a busy machine for minutes. */
const COMPILE_MS = 600_000;

type Shape = Omit<AttentionBackwardArgs, 'variant'>;

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

const allLaunches = (args: AttentionBackwardArgs, entry?: BroadcastEntry): Launch[] => [
  attentionForward(args, entry),
  attentionDelta(args),
  ...attentionBackward(args, entry),
];

/** What the launches write, with whatever was there before; P and dS with NaN, as not all of them are written or read. */
function outputsOf(args: AttentionBackwardArgs, { q, k }: Inputs): Record<string, Float32Array> {
  const { rows, heads } = args;
  const dirty = (like: Float32Array): Float32Array => testValues(like.length, 5);
  const shape = pDsShape(args);
  const perHead = headsShape(args);
  return {
    o: dirty(q),
    lse: new Float32Array(rows * heads),
    lse_delta: new Float32Array(rows * heads * 2),
    dq: dirty(q),
    dk: dirty(k),
    dv: dirty(k),
    ...(shape && { p_ds: new Float32Array(shape.reduce((product, length) => product * length)).fill(Number.NaN) }),
    ...(perHead && { dk_heads: dirty(q), dv_heads: dirty(q) }),
  };
}

async function run(
  args: AttentionBackwardArgs,
  inputs: Inputs,
  bounds: Uint32Array,
  entry?: BroadcastEntry,
): Promise<Record<string, Numbers>> {
  return runLaunches(await testGpu(), allLaunches(args, entry), { ...inputs, bounds, ...outputsOf(args, inputs) });
}

describe.each(KERNEL_VARIANTS)('attention, %s', (variant) => {
  it.each(cases[variant])(
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
      const result = await run({ ...shape, variant }, inputs, bounds);
      const tolerance = reductionTolerance(headDim + rows, 8, 2);
      expectClose(result['o'] ?? [], forward.o, tolerance, 'o', [rows, heads, headDim]);
      expectClose(result['lse'] ?? [], forward.lse, tolerance, 'lse', [rows, heads]);
      expectClose(
        result['lse_delta'] ?? [],
        attentionDeltaRef(shape, forward.o, dy, forward.lse),
        reductionTolerance(headDim + rows, 8, 8),
        'lse_delta',
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

  it.each(fixtures[variant])('agrees with PyTorch: %s', async (name) => {
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
      { rows, heads, kvHeads, headDim, scale, ...options, variant },
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
    // In serial-quad the backward pass goes over chunks of 64 queries.
    const shape = { rows: 75, heads: 4, kvHeads: 2, headDim: 10, scale: 0.3 };
    const longer = { ...shape, rows: 150 };
    const many = inputsOf(longer);
    const few = {
      q: many.q.slice(0, 75 * 40),
      dy: many.dy.slice(0, 75 * 40),
      k: many.k.slice(0, 75 * 20),
      v: many.v.slice(0, 75 * 20),
    };
    const once = await run({ ...shape, variant }, few, boundsOf([5, 70], 75));
    expect(await run({ ...shape, variant }, few, boundsOf([5, 70], 75))).toEqual(once);
    const padded = await run({ ...longer, variant }, many, boundsOf([5, 70], 150));
    for (const name of ['o', 'lse', 'dq', 'dk', 'dv'])
      expect(padded[name]?.slice(0, once[name]?.length), name).toEqual(once[name]);
  });

  it.each([
    { rows: 9, first: 6 },
    { rows: 48, first: 16 },
    // Whole tiles.
    { rows: 64, first: 40 },
    { rows: 150, first: 64 },
  ])('gives zeros for rows outside their own bounds: $first to $rows', async ({ rows, first }) => {
    const shape = { rows, heads: 2, kvHeads: 1, headDim: 10, scale: 0.5 };
    const bounds = boundsOf([first], rows);
    for (let row = first; row < rows; row += 1) {
      // None at all, before themselves, up to themselves, behind themselves.
      const outside = [0, 0, 0, 3, 0, row, rows, rows + 9, 3, 3];
      bounds.set(outside.slice((row % 5) * 2, (row % 5) * 2 + 2), row * 2);
    }
    const inputs = inputsOf(shape);
    const result = await run({ ...shape, variant }, inputs, bounds);
    for (const [name, length] of Object.entries({ o: 20, lse: 2, dq: 20, dk: 10, dv: 10 })) {
      const padding = [...(result[name] ?? [])].slice(first * length);
      expect(padding, name).toEqual(Array((rows - first) * length).fill(0));
    }
    expect([...(result['o'] ?? [])].every(Number.isFinite)).toBe(true);
    const backward = attentionBackwardRef(shape, inputs.q, inputs.k, inputs.v, bounds, inputs.dy);
    const tolerance = reductionTolerance(10 + rows * 2, 8, 8);
    for (const name of ['dq', 'dk', 'dv'] as const) expectClose(result[name] ?? [], backward[name], tolerance, name);
  });

  it('runs the programs that were asked for', () => {
    const args = { rows: 4, heads: 2, kvHeads: 1, headDim: 4, scale: 1, variant };
    expect([attentionForward(args), ...attentionBackward(args)].map(({ entry }) => entry)).toEqual(
      variant === 'serial-quad'
        ? ['forward_quads', 'p_ds_quads', 'products_rows', 'products_columns', 'products_columns']
        : ['forward', 'backward_dq', 'backward_dkv', ...(variant === 'workgroup' ? ['sum_group'] : [])],
    );
    expect(attentionForward(args).kernel.wgsl.includes('var<workgroup>')).toBe(variant === 'workgroup');
  });

  it('covers all rows of a folded grid', async () => {
    const shape = { rows: 70, heads: 4, kvHeads: 2, headDim: 10, scale: 0.5 };
    const inputs = inputsOf(shape);
    const bounds = boundsOf([70], 70);
    const args = { ...shape, variant };
    const launches = allLaunches(args);
    const folded = (over: number): Launch[] =>
      launches.map((launch) => ({
        ...launch,
        workgroups: [Math.ceil(launch.workgroups[0] / over), over, 1] as const,
      }));
    const buffers = { ...inputs, bounds, ...outputsOf(args, inputs) };
    const expected = await runLaunches(await testGpu(), launches, buffers);
    // Of each launch's count of workgroups, two or five leave a rest.
    for (const over of [2, 5])
      expect(await runLaunches(await testGpu(), folded(over), buffers), `${over}`).toEqual(expected);
  });
});

describe('attention by broadcasts in subgroups', () => {
  it.each(broadcastCases)(
    'gives the bits of tiles in workgroup memory, near the f64 reference: %o',
    async ({ segments, padding = 0, blank = 0, ...rest }) => {
      const entry = broadcastFor((await testGpu()).profile);
      if (entry === undefined) return;
      const used = segments.reduce((sum, length) => sum + length, 0);
      const rows = used + padding;
      const args = { ...rest, rows, scale: 1 / Math.sqrt(rest.headDim), variant: 'workgroup' } as const;
      const bounds = boundsOf(segments, rows);
      // Padding sees nothing, nor is it seen; nor do the first rows, if so many are blank.
      bounds.fill(0, used * 2).fill(0, 0, blank * 2);
      const inputs = inputsOf(args);
      const result = await run(args, inputs, bounds, entry);
      expect(result).toEqual(await run(args, inputs, bounds));
      const forward = attentionForwardRef(args, inputs.q, inputs.k, inputs.v, bounds);
      const backward = attentionBackwardRef(args, inputs.q, inputs.k, inputs.v, bounds, inputs.dy);
      const tolerance = reductionTolerance(args.headDim + rows, 8, 2);
      for (const name of ['o', 'lse'] as const) expectClose(result[name] ?? [], forward[name], tolerance, name);
      const loose = reductionTolerance(args.headDim + (rows * args.heads) / args.kvHeads, 8, 8);
      for (const name of ['dq', 'dk', 'dv'] as const) expectClose(result[name] ?? [], backward[name], loose, name);
    },
    COMPILE_MS,
  );

  it('covers all rows of a folded grid, and writes no row beside them', async () => {
    const entry = broadcastFor((await testGpu()).profile);
    if (entry === undefined) return;
    const args = { rows: 70, heads: 4, kvHeads: 2, headDim: 12, scale: 0.5, variant: 'workgroup' } as const;
    const inputs = inputsOf(args);
    const buffers = { ...inputs, bounds: boundsOf([70], 70), ...outputsOf(args, inputs) };
    const launches = allLaunches(args, entry);
    const expected = await runLaunches(await testGpu(), launches, buffers);
    for (const over of [2, 5]) {
      const folded = launches.map((launch) => ({
        ...launch,
        workgroups: [Math.ceil(launch.workgroups[0] / over), over, 1] as const,
      }));
      expect(await runLaunches(await testGpu(), folded, buffers), `${over}`).toEqual(expected);
    }
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('lets no %d vanish from the gradients', async (value) => {
    const entry = broadcastFor((await testGpu()).profile);
    if (entry === undefined) return;
    const args = { rows: 21, heads: 4, kvHeads: 2, headDim: 12, scale: 0.5, variant: 'workgroup' } as const;
    const inputs = inputsOf(args);
    const finite = (numbers: Numbers | undefined): boolean => [...(numbers ?? [])].every(Number.isFinite);
    for (const name of ['q', 'k', 'v', 'dy'] as const) {
      const bad = inputs[name].slice();
      // The last row, which only itself sees.
      bad[bad.length - 3] = value;
      const result = await run(args, { ...inputs, [name]: bad }, boundsOf([21], 21), entry);
      expect(finite(result['dq']) && finite(result['dk']) && finite(result['dv']), name).toBe(false);
    }
  });

  it('is offered to a measurement where heads are short and of whole vec4f, and never the default', () => {
    const shape = { rows: 40, heads: 4, kvHeads: 2, scale: 1 };
    const launches = (headDim: number, variant: KernelVariant): Launch[] => allLaunches({ ...shape, headDim, variant });
    const offered = (headDim: number, variant: KernelVariant = 'workgroup'): string[][] =>
      launches(headDim, variant).map(({ tilings }) => Object.keys(tilings?.launches ?? {}));
    const ways = ['forward', 'backward_dq', 'backward_dkv'].map((name) => [name, ...MEASURED_BROADCASTS]);
    for (const headDim of [4, 32]) expect(offered(headDim)).toEqual([ways[0], [], ways[1], ways[2], []]);
    expect(launches(32, 'workgroup').map(({ entry }) => entry)).toEqual([
      ...['forward', 'delta', 'backward_dq', 'backward_dkv', 'sum_group'],
    ]);
    for (const headDim of [10, 36, 64]) expect(offered(headDim).flat()).toEqual([]);
    for (const variant of ['serial', 'serial-quad'] as const) expect(offered(32, variant).flat()).toEqual([]);
  });

  it('is measured on rows that see all before them, apart by what makes another program or other work', () => {
    const args = { rows: 3, heads: 4, kvHeads: 2, headDim: 8, scale: 1, variant: 'workgroup' } as const;
    const { tilings } = attentionForward(args);
    expect([...(tilings?.contents?.['bounds']?.() ?? [])]).toEqual([0, 3, 0, 3, 0, 3]);
    const shapes = [
      args,
      { ...args, rows: 4 },
      { ...args, window: 2 },
      { ...args, softCap: 2 },
      { ...args, kvHeads: 1 },
    ];
    expect(new Set(shapes.map((each) => attentionForward(each).tilings?.shape)).size).toBe(5);
    expect(attentionForward({ ...args, window: 3 }).tilings?.shape).toBe(tilings?.shape);
    expect(attentionBackward(args)[0]?.tilings?.shape).not.toBe(tilings?.shape);
  });
});

describe('the backward pass of attention in serial-quad', () => {
  const shape = { rows: 150, heads: 4, kvHeads: 2, headDim: 12, scale: 0.4, variant: 'serial-quad' } as const;

  it.each([
    { segments: [150] },
    { segments: [60, 1, 50, 30], window: 7 },
    { segments: [9, 100], softCap: 2 },
    { segments: [150], window: 1 },
    { segments: [70, 80], window: 6 },
    { segments: [140], window: 20 },
    { segments: [150], window: 70 },
    { segments: [64, 64], rows: 128 },
    { segments: [64], rows: 64 },
    { segments: [20, 130], headDim: 80, heads: 2, kvHeads: 1 },
  ])('matches the f64 reference over chunks of queries: %o', async ({ segments, ...options }) => {
    const args = { ...shape, ...options };
    const inputs = inputsOf(args);
    const bounds = boundsOf(segments, args.rows);
    const expected = attentionBackwardRef(args, inputs.q, inputs.k, inputs.v, bounds, inputs.dy);
    const result = await run(args, inputs, bounds);
    for (const name of ['dq', 'dk', 'dv'] as const)
      expectClose(result[name] ?? [], expected[name], reductionTolerance(args.headDim + args.rows * 2, 8, 8), name);
  });

  it('keeps P and dS of 64 queries, or of fewer when there are no more', () => {
    expect(pDsShape({ ...shape, rows: 37 })).toEqual([2, 4, 48, 48]);
    expect(pDsShape({ ...shape, rows: 512 })).toEqual([2, 4, 64, 512]);
    expect(pDsShape({ ...shape, variant: 'workgroup' })).toBeUndefined();
  });

  it('computes what is asked for: dq, or dk and dv', () => {
    const written = (variant: KernelVariant, q: boolean, kv: boolean): string[] =>
      attentionBackward({ ...shape, variant, rows: 64, gradients: { q, kv } }).map(
        ({ aliases, entry }) => aliases?.['y'] ?? entry,
      );
    expect(written('serial-quad', true, false)).toEqual(['p_ds_quads', 'dq']);
    expect(written('serial-quad', false, true)).toEqual(['p_ds_quads', 'dk', 'dv']);
    for (const variant of ['serial', 'workgroup'] as const) {
      expect(written(variant, true, false)).toEqual(['backward_dq']);
    }
    expect(written('serial', false, true)).toEqual(['backward_dkv']);
    expect(written('workgroup', false, true)).toEqual(['backward_dkv', 'sum_group']);
    const own = attentionBackward({ ...shape, kvHeads: shape.heads, variant: 'workgroup', rows: 64 });
    expect(own.map(({ entry }) => entry)).toEqual(['backward_dq', 'backward_dkv']);
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
