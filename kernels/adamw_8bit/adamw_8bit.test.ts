import { describe, expect, it } from 'vitest';
import { expectClose, testValues } from '../../test/harness/compare.ts';
import { testGpu } from '../../test/harness/gpu.ts';
import { runLaunches, type Numbers } from '../../test/harness/launch.ts';
import { dynamicMap } from '../../src/formats/nf4.ts';
import type { Launch } from '../../src/gpu/kernel.ts';
import { packHyper } from '../squared_norm/hyper.ts';
import { cases } from './adamw_8bit.cases.ts';
import { adamwRef, BITS, decode, encode, valueOf } from './adamw_8bit.ref.ts';
import { adamw8bit, BLOCK } from './adamw_8bit.ts';

const VARIANTS = ['workgroup', 'serial'] as const;
const M = { bits: BITS.m, block: BLOCK, neverZero: false } as const;
/** Of the roots of v. */
const V = { bits: BITS.v, block: BLOCK, neverZero: true } as const;
/** Words behind the group's own, which must stay as they are. */
const TAIL = 64;

interface State {
  readonly param: Float32Array;
  /** Four codes a word. */
  readonly m: Uint32Array;
  readonly v: Uint32Array;
  readonly m_scales: Float32Array;
  readonly v_scales: Float32Array;
}

function scalars(factor: number, ok: number): Uint32Array {
  const words = Uint32Array.of(0, 0, ok, 0);
  new Float32Array(words.buffer)[1] = factor;
  return words;
}

const bytes = (words: Numbers | undefined): Uint8Array =>
  new Uint8Array((words ?? new Uint32Array()).buffer, words?.byteOffset, words?.byteLength);

/** Every code and both signs, over blocks whose magnitudes are far apart; with a tail behind. */
function someState(count: number): State {
  const words = count / 4;
  const blocks = Math.ceil(count / BLOCK);
  const codes = (of: (i: number) => number): Uint32Array => {
    const all = new Uint32Array(words + TAIL).fill(0xabababab, words);
    bytes(all).set(Uint8Array.from({ length: count }, (_, i) => of(i)));
    return all;
  };
  const scales = (largest: number): Float32Array =>
    Float32Array.from({ length: blocks + TAIL }, (_, i) => (i < blocks ? largest * 10 ** -(3 * (i % 3)) : 7));
  return {
    param: testValues(count + TAIL, 1),
    // A negative zero is no code.
    m: codes((i) => ((i * 37) % 256 === 128 ? 0 : (i * 37) % 256)),
    v: codes((i) => (i * 91 + 5) % 256),
    m_scales: scales(1e-2),
    v_scales: scales(0.03),
  };
}

/** The same launch over a folded grid, as it looks past 65535 workgroups; an odd count overshoots by one. */
const folded = (launch: Launch): Launch => ({ ...launch, workgroups: [2, Math.ceil(launch.workgroups[0] / 2), 1] });

async function run(launches: readonly Launch[], buffers: Record<string, Numbers>): Promise<State> {
  return (await runLaunches(await testGpu(), launches, buffers)) as unknown as State;
}

/** Each decoded code is as near to the exact moment as any code could be, but for rounding; the largest is exact. */
function expectNearest(
  codes: ArrayLike<number>,
  scales: ArrayLike<number>,
  exact: Float64Array,
  tree: typeof M | typeof V,
): void {
  const best = encode(exact, tree);
  expectClose(scales, best.scales, { rtol: 2e-6, atol: 1e-37 }, `${tree.bits} bits: scales`);
  const got = decode(codes, scales, tree);
  const wanted = decode(best.codes, best.scales, tree);
  for (const [i, value] of exact.entries()) {
    const [error, least] = [got, wanted].map((values) => Math.abs((values[i] ?? Number.NaN) - value));
    const bound = (least ?? 0) * 1.001 + 4e-6 * Math.abs(value);
    expect(error, `${tree.bits} bits, value ${i}: ${got[i]} for ${value}`).toBeLessThanOrEqual(bound);
    if (tree.neverZero && value > 0) expect(got[i], `value ${i}`).toBeGreaterThan(0);
  }
}

describe('the codes', () => {
  it('are the dynamic tree of bitsandbytes, which its signed map has but for 0 and 1', () => {
    const positive = [...dynamicMap()].filter((value) => value > 0 && value < 1);
    expect(positive).toHaveLength(127);
    expectClose(
      Array.from({ length: 127 }, (_, t) => valueOf(t + 1, BITS.m)),
      positive,
      { rtol: 1e-6, atol: 0 },
      'values',
    );
  });

  it.each([
    ['the root of v', V, 0.0036, 0.15],
    ['m', M, 0.0071, 0.3],
  ] as const)('lose little of %s', (_name, tree, ofLargest, ofEach) => {
    const values = Float64Array.from({ length: BLOCK }, (_, i) => 0.97 ** i);
    const { codes, scales } = encode(values, tree);
    const errors = [...decode(codes, scales, tree)].map((value, i) => Math.abs(value - (values[i] ?? 0)));
    expect(Math.max(...errors)).toBeLessThanOrEqual(ofLargest);
    // Of every value that is at least a thousandth of the block's largest.
    const relative = errors.map((error, i) => error / (values[i] ?? 0)).slice(0, 226);
    expect(values[225]).toBeGreaterThan(1e-3);
    expect(Math.max(...relative)).toBeLessThanOrEqual(ofEach);
    expect(errors[0], 'the largest itself').toBeLessThanOrEqual(1e-12);
  });
});

describe.each(VARIANTS)('adamw_8bit: %s', (variant) => {
  it.each(cases)(
    'updates as exact AdamW does, and encodes to the nearest codes: $count values, decay $weightDecay, lr x $lrScale',
    async ({ count, weightDecay, lrScale, eps, beta2 }) => {
      const state = someState(count);
      const [lr, factor] = [0.01, 0.5];
      const blocks = Math.ceil(count / BLOCK);
      for (const update of [1, 2, 300]) {
        const grad = testValues(count + TAIL, 5).map((value, i) => value * 10 ** -(i % 7));
        const hyper = packHyper({ invTokens: 1, maxNorm: 0, beta1: 0.9, beta2, lr, eps, update });
        const exact = {
          param: Float64Array.from(state.param.subarray(0, count)),
          m: decode(bytes(state.m).subarray(0, count), state.m_scales, M),
          v: decode(bytes(state.v).subarray(0, count), state.v_scales, V).map((root) => root * root),
        };
        adamwRef(exact, grad, { lr: lr * lrScale, beta1: 0.9, beta2, eps, weightDecay, factor, update });
        const launch = adamw8bit({ count, weightDecay, lrScale, variant });
        for (const each of [launch, folded(launch)]) {
          const result = await run([each], { hyper, scalars: scalars(factor, 1), grad, ...state });
          const moved = exact.param.reduce(
            (most, value, i) => Math.max(most, Math.abs(value - (state.param[i] ?? 0))),
            0,
          );
          expect(moved).toBeGreaterThan(1e-4);
          expectClose(result.param.subarray(0, count), exact.param, { rtol: 4e-7, atol: 2e-6 * moved }, 'param');
          expectNearest(bytes(result.m).subarray(0, count), result.m_scales.subarray(0, blocks), exact.m, M);
          expectNearest(
            bytes(result.v).subarray(0, count),
            result.v_scales.subarray(0, blocks),
            exact.v.map(Math.sqrt),
            V,
          );
          expect(result.param.subarray(count), 'the tail').toEqual(state.param.subarray(count));
          for (const name of ['m', 'v'] as const)
            expect(result[name].subarray(count / 4), `the tail of ${name}`).toEqual(state[name].subarray(count / 4));
          for (const name of ['m_scales', 'v_scales'] as const)
            expect(result[name].subarray(blocks), `the tail of ${name}`).toEqual(state[name].subarray(blocks));
        }
      }
    },
  );

  it('leaves zeros zero: a group without gradients does not move, and padding stays what it is', async () => {
    const count = 2 * BLOCK;
    const hyper = packHyper({ invTokens: 1, maxNorm: 0, beta1: 0.9, beta2: 0.999, lr: 0.1, eps: 1e-8, update: 1 });
    const grad = testValues(count, 3).fill(0, 100);
    const zero = {
      param: new Float32Array(count),
      m: new Uint32Array(count / 4),
      v: new Uint32Array(count / 4),
      m_scales: new Float32Array(2),
      v_scales: new Float32Array(2),
    };
    const launch = adamw8bit({ count, weightDecay: 0.1, lrScale: 1, variant });
    const { param, m, v, m_scales } = await run([launch, launch], { hyper, scalars: scalars(1, 1), grad, ...zero });
    expect(param.subarray(0, 100).every((value) => value !== 0)).toBe(true);
    for (const values of [param.subarray(100), bytes(m).subarray(100), bytes(v).subarray(100)])
      expect(values.every((value) => value === 0)).toBe(true);
    expect([m_scales[0] === 0, m_scales[1] === 0]).toEqual([false, true]);
  });

  it('changes no bit when the gate is closed, whatever the gradient holds', async () => {
    const count = 300;
    const before = someState(count);
    const grad = testValues(count, 12);
    grad[3] = Number.NaN;
    grad[4] = Infinity;
    const hyper = packHyper({ invTokens: 1, maxNorm: 0, beta1: 0.9, beta2: 0.999, lr: 0.01, eps: 1e-8, update: 1 });
    const launch = adamw8bit({ count, weightDecay: 0.1, lrScale: 1, variant });
    const after = await run([launch], { hyper, scalars: scalars(Number.NaN, 0), grad, ...before });
    for (const [name, values] of Object.entries(before) as [keyof State, Numbers][])
      expect(bytes(after[name]), name).toEqual(bytes(values));
  });

  it('stays beside f32 moments for 200 updates of noisy gradients', async () => {
    const [count, updates, lr] = [2 * BLOCK, 200, 1e-2];
    const exact = { param: new Float64Array(count), m: new Float64Array(count), v: new Float64Array(count) };
    const spread = testValues(count, 20).map((value) => 10 ** (-2 + 0.5 * value));
    const buffers: Record<string, Numbers> = {
      scalars: scalars(1, 1),
      param: new Float32Array(count),
      m: new Uint32Array(count / 4),
      v: new Uint32Array(count / 4),
      m_scales: new Float32Array(2),
      v_scales: new Float32Array(2),
    };
    const renames: Record<string, string>[] = [];
    for (let update = 1; update <= updates; update += 1) {
      const args = { lr, beta1: 0.9, beta2: 0.999, eps: 1e-8 };
      const noise = testValues(count, 100 + update);
      const grad = noise.map((value, i) => (value + 0.3) * (spread[i] ?? 0));
      buffers[`hyper${update}`] = packHyper({ invTokens: 1, maxNorm: 0, ...args, update });
      buffers[`grad${update}`] = grad;
      renames.push({ hyper: `hyper${update}`, grad: `grad${update}` });
      adamwRef(exact, grad, { ...args, weightDecay: 0, factor: 1, update });
    }
    const launches = renames.map(() => adamw8bit({ count, weightDecay: 0, lrScale: 1, variant }));
    const { param } = (await runLaunches(await testGpu(), launches, buffers, renames)) as unknown as State;
    const [way, off] = [exact.param, exact.param.map((value, i) => value - (param[i] ?? Number.NaN))].map((values) =>
      Math.sqrt(values.reduce((sum, value) => sum + value * value, 0)),
    );
    expect(way).toBeGreaterThan(10 * lr);
    expect((off ?? 0) / (way ?? 0), 'distance from the f32 run, of the way it went').toBeLessThanOrEqual(0.1);
  });
});

describe('adamw_8bit', () => {
  it('gives the same bits in both variants', async () => {
    const count = 5 * BLOCK + 64;
    const state = someState(count);
    const grad = testValues(count + TAIL, 8);
    const hyper = packHyper({ invTokens: 1, maxNorm: 0, beta1: 0.9, beta2: 0.999, lr: 0.01, eps: 1e-8, update: 3 });
    const [first, second] = await Promise.all(
      VARIANTS.map((variant) =>
        run([adamw8bit({ count, weightDecay: 0.1, lrScale: 1, variant })], {
          hyper,
          scalars: scalars(0.5, 1),
          grad,
          ...state,
        }),
      ),
    );
    for (const name of Object.keys(state) as (keyof State)[])
      expect(bytes(second?.[name]), name).toEqual(bytes(first?.[name]));
  });

  it('refuses a count that would end inside a word', () => {
    expect(() => adamw8bit({ count: 6, weightDecay: 0, lrScale: 1, variant: 'serial' })).toThrow(/a multiple of 4/);
  });
});
