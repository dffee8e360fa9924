import { describe, expect, it } from 'vitest';
import { expectClose, testValues } from '../../test/harness/compare.ts';
import { testGpu } from '../../test/harness/gpu.ts';
import { runLaunches, type Numbers } from '../../test/harness/launch.ts';
import { opFixture } from '../../test/harness/op-fixture.ts';
import type { Launch } from '../../src/gpu/kernel.ts';
import { packHyper } from '../squared_norm/hyper.ts';
import { cases } from './adamw.cases.ts';
import { adamwRef } from './adamw.ref.ts';
import { adamw } from './adamw.ts';

const hyperSettings = { invTokens: 1, maxNorm: 0, beta1: 0.9 };
/** Values behind the group's own, which must stay as they are. */
const TAIL = 70;

function scalars(factor: number, ok: number): Uint32Array {
  const words = Uint32Array.of(0, 0, ok, 0);
  new Float32Array(words.buffer)[1] = factor;
  return words;
}

/** The same launch over a folded grid, as it looks past 65535 workgroups; an odd count overshoots by one. */
const folded = (launch: Launch): Launch => ({ ...launch, workgroups: [2, Math.ceil(launch.workgroups[0] / 2), 1] });

describe('adamw', () => {
  it.each([1, 2, 5])('is exact to a few ulp at update %i, with tiny gradients', async (update) => {
    const gpu = await testGpu();
    const [count, lr] = [40, 0.01];
    const grad = testValues(count, 5).map((value, i) => value * 10 ** -(i % 10));
    const [param, m] = [testValues(count, 6), testValues(count, 7, 1e-3)];
    const v = testValues(count, 8, 1e-3).map((value) => value * value);
    const expected = { param: Float64Array.from(param), m: Float64Array.from(m), v: Float64Array.from(v) };
    adamwRef(expected, grad, { lr, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.2, factor: 0.5, update });
    const hyper = packHyper({ ...hyperSettings, beta2: 0.999, lr, eps: 1e-8, update });
    const result = await runLaunches(gpu, [adamw({ count, weightDecay: 0.2, lrScale: 1 })], {
      hyper,
      scalars: scalars(0.5, 1),
      grad,
      param,
      m,
      v,
    });
    for (const name of ['param', 'm', 'v'] as const)
      expectClose(result[name] ?? [], expected[name], { rtol: 4e-7, atol: name === 'param' ? 2e-7 : 1e-13 }, name);
  });

  it('changes no bit when the gate is closed, whatever the gradient holds', async () => {
    const gpu = await testGpu();
    const count = 100;
    const state = { param: testValues(count, 9), m: testValues(count, 10), v: testValues(count, 11) };
    const grad = testValues(count, 12);
    grad[3] = Number.NaN;
    grad[4] = Infinity;
    const hyper = packHyper({ ...hyperSettings, beta2: 0.999, lr: 0.01, eps: 1e-8, update: 1 });
    for (const factor of [0, 1, Number.NaN]) {
      const result = await runLaunches(gpu, [adamw({ count, weightDecay: 0.1, lrScale: 1 })], {
        hyper,
        scalars: scalars(factor, 0),
        grad,
        ...state,
      });
      for (const [name, before] of Object.entries(state))
        expect(new Uint32Array(result[name]?.buffer ?? new ArrayBuffer(0)), name).toEqual(
          new Uint32Array(before.buffer),
        );
    }
  });

  it.each(['adamw_no_decay', 'adamw'])('agrees with PyTorch after each of its steps: %s', async (name) => {
    const gpu = await testGpu();
    const fixture = opFixture('optimizer', name);
    const {
      steps,
      lr,
      weight_decay: weightDecay,
    } = fixture.attributes as { steps: number; lr: number; weight_decay: number };
    const grads = fixture.floats('grads');
    const count = fixture.shape('p')[0] ?? 0;
    let state = { param: fixture.floats('p'), m: new Float32Array(count), v: new Float32Array(count) };
    let done = 0;
    for (const until of [1, 2, 10, 100, 1000].filter((step) => step <= steps)) {
      const buffers: Record<string, Numbers> = { scalars: scalars(1, 1), ...state };
      const renames: Record<string, string>[] = [];
      for (; done < until; done += 1) {
        buffers[`hyper${done}`] = packHyper({ ...hyperSettings, beta2: 0.999, lr, eps: 1e-8, update: done + 1 });
        buffers[`grad${done}`] = grads.slice(done * count, (done + 1) * count);
        renames.push({ hyper: `hyper${done}`, grad: `grad${done}` });
      }
      const launches = renames.map(() => adamw({ count, weightDecay, lrScale: 1 }));
      const result = await runLaunches(gpu, launches, buffers, renames);
      state = {
        param: Float32Array.from(result['param'] ?? []),
        m: Float32Array.from(result['m'] ?? []),
        v: Float32Array.from(result['v'] ?? []),
      };
      expectClose(
        state.param,
        fixture.floats(`at.${until}`),
        { rtol: 3e-7, atol: 3e-7 * Math.sqrt(until) },
        `param after ${until}`,
      );
    }
    expectClose(state.m, fixture.floats('m'), { rtol: 1e-5, atol: 0 }, 'm');
    expectClose(state.v, fixture.floats('v'), { rtol: 1e-5, atol: 0 }, 'v');
  });

  it.each(cases)(
    'follows the f64 reference for 200 updates: $count values, decay $weightDecay, lr x $lrScale, eps $eps',
    async (args) => {
      const gpu = await testGpu();
      const { count, weightDecay, lrScale, eps, beta2 } = args;
      const [updates, gradients, factor] = [200, 8, 0.125];
      const buffers: Record<string, Numbers> = {
        scalars: scalars(factor, 1),
        param: testValues(count + TAIL, 1),
        m: testValues(count + TAIL, 2, 0),
        v: testValues(count + TAIL, 3, 0),
      };
      const tail = testValues(TAIL, 4);
      for (const name of ['param', 'm', 'v']) buffers[name]?.set(tail, count);
      for (let i = 0; i < gradients; i += 1) buffers[`grad${i}`] = testValues(count + TAIL, 10 + i);
      const expected = {
        param: Float64Array.from(buffers['param'] ?? []).subarray(0, count),
        m: new Float64Array(count),
        v: new Float64Array(count),
      };
      const launches: Launch[] = [];
      const renames: Record<string, string>[] = [];
      for (let update = 1; update <= updates; update += 1) {
        const lr = 1e-3 * (1 - update / 400);
        buffers[`hyper${update}`] = packHyper({ ...hyperSettings, beta2, lr, eps, update });
        launches.push(folded(adamw({ count, weightDecay, lrScale })));
        renames.push({ hyper: `hyper${update}`, grad: `grad${update % gradients}` });
        adamwRef(expected, buffers[`grad${update % gradients}`] ?? [], {
          lr: lr * lrScale,
          beta1: 0.9,
          beta2,
          eps,
          weightDecay,
          factor,
          update,
        });
      }
      const result = await runLaunches(gpu, launches, buffers, renames);
      for (const name of ['param', 'm', 'v'] as const) {
        expectClose(
          result[name] ?? [],
          [...expected[name], ...tail],
          { rtol: 1e-5, atol: 2e-6 * (name === 'v' ? 0.01 : 1) },
          name,
        );
      }
    },
  );
});
