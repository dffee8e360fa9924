import { describe, expect, it } from 'vitest';
import { expectClose, testValues } from '../../test/harness/compare.ts';
import { testGpu } from '../../test/harness/gpu.ts';
import { runLaunches, type Numbers } from '../../test/harness/launch.ts';
import { opFixture } from '../../test/harness/op-fixture.ts';
import type { Launch } from '../../src/gpu/kernel.ts';
import { packHyper } from '../squared_norm/hyper.ts';
import { cases } from './sgd.cases.ts';
import { sgdRef } from './sgd.ref.ts';
import { sgd } from './sgd.ts';

const [UPDATES, FACTOR] = [50, 0.25];
const LR = 0.02;
/** Values behind the group's own, which must stay as they are. */
const TAIL = 70;

function hyperOf(momentum: number, lr = LR): Float32Array {
  return packHyper({ invTokens: 1, maxNorm: 0, lr, beta1: 0.9, beta2: 0.999, eps: 1e-8, update: 1, momentum });
}

function scalars(factor: number, ok: number): Uint32Array {
  const words = Uint32Array.of(0, 0, ok, 0);
  new Float32Array(words.buffer)[1] = factor;
  return words;
}

/** The same launch over a folded grid, as it looks past 65535 workgroups; an odd count overshoots by one. */
const folded = (launch: Launch): Launch => ({ ...launch, workgroups: [2, Math.ceil(launch.workgroups[0] / 2), 1] });

describe('sgd', () => {
  it.each(cases)(
    'follows the f64 reference for 50 updates: $count values, decay $weightDecay, lr x $lrScale, momentum $momentum',
    async (args) => {
      const gpu = await testGpu();
      const { count, weightDecay, lrScale, momentum } = args;
      const hasMomentum = momentum > 0;
      const tail = testValues(TAIL, 1);
      const param = testValues(count + TAIL, 2);
      const velocity = new Float32Array(count + TAIL);
      param.set(tail, count);
      velocity.set(tail, count);
      const buffers: Record<string, Numbers> = {
        scalars: scalars(FACTOR, 1),
        hyper: hyperOf(momentum),
        param,
        ...(hasMomentum ? { velocity } : {}),
      };
      const expectedParam = Float64Array.from(param.subarray(0, count));
      const expectedVelocity = hasMomentum ? new Float64Array(count) : undefined;
      const renames: Record<string, string>[] = [];
      for (let update = 0; update < UPDATES; update += 1) {
        const grad = testValues(count + TAIL, 10 + update);
        buffers[`grad${update}`] = grad;
        renames.push({ grad: `grad${update}` });
        sgdRef(expectedParam, expectedVelocity, grad, { lr: LR * lrScale, weightDecay, momentum, factor: FACTOR });
      }
      const launch = folded(sgd({ count, weightDecay, lrScale, momentum: hasMomentum }));
      const result = await runLaunches(
        gpu,
        renames.map(() => launch),
        buffers,
        renames,
      );
      expectClose(result['param'] ?? [], [...expectedParam, ...tail], { rtol: 2e-6, atol: 1e-6 }, 'param');
      if (expectedVelocity !== undefined)
        expectClose(result['velocity'] ?? [], [...expectedVelocity, ...tail], { rtol: 2e-6, atol: 1e-6 }, 'velocity');
    },
  );

  it('agrees with PyTorch after each of its steps', async () => {
    const gpu = await testGpu();
    const fixture = opFixture('optimizer', 'sgd');
    const { lr, weight_decay: weightDecay } = fixture.attributes as { lr: number; weight_decay: number };
    const grads = fixture.floats('grads');
    const count = fixture.shape('p')[0] ?? 0;
    const buffers: Record<string, Numbers> = {
      scalars: scalars(1, 1),
      hyper: hyperOf(0, lr),
      param: fixture.floats('p'),
    };
    let done = 0;
    for (const until of [1, 2, 10, 100]) {
      const renames: Record<string, string>[] = [];
      for (; done < until; done += 1) {
        buffers[`grad${done}`] = grads.slice(done * count, (done + 1) * count);
        renames.push({ grad: `grad${done}` });
      }
      const launches = renames.map(() => sgd({ count, weightDecay, lrScale: 1, momentum: false }));
      const { param } = await runLaunches(gpu, launches, buffers, renames);
      buffers['param'] = param ?? new Float32Array(0);
      expectClose(
        buffers['param'],
        fixture.floats(`at.${until}`),
        { rtol: 1e-6, atol: 3e-7 * Math.sqrt(until) },
        `param after ${until}`,
      );
    }
  });

  it.each([false, true])('changes no bit when the gate is closed, momentum %s', async (momentum) => {
    const gpu = await testGpu();
    const count = 100;
    const grad = testValues(count, 3);
    grad[7] = Number.NaN;
    const state = { param: testValues(count, 4), ...(momentum ? { velocity: testValues(count, 5) } : {}) };
    const launch = sgd({ count, weightDecay: 0.1, lrScale: 1, momentum });
    const result = await runLaunches(gpu, [launch], { hyper: hyperOf(0.9), scalars: scalars(1, 0), grad, ...state });
    for (const [name, before] of Object.entries(state)) expect(result[name], name).toEqual(before);
  });
});
