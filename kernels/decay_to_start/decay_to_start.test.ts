import { describe, expect, it } from 'vitest';
import { expectClose, expectNonTrivial, testValues } from '../../test/harness/compare.ts';
import { testGpu } from '../../test/harness/gpu.ts';
import { runLaunches } from '../../test/harness/launch.ts';
import { packHyper } from '../squared_norm/hyper.ts';
import { cases } from './decay_to_start.cases.ts';
import { decayToStart, type DecayToStartArgs } from './decay_to_start.ts';
import { decayToStartRef } from './decay_to_start.ref.ts';

const LR = 0.02;
const HYPER = { invTokens: 1, maxNorm: 0, lr: LR, beta1: 0.9, beta2: 0.999, eps: 1e-8, update: 1 };
/** Values behind the group's own, which must stay as they are. */
const TAIL = 70;

async function run(args: DecayToStartArgs, { ok = 1, fold = 2 } = {}): Promise<Float32Array> {
  const launch = decayToStart(args);
  const result = await runLaunches(
    await testGpu(),
    [{ ...launch, workgroups: [fold, Math.ceil(launch.workgroups[0] / fold), 1] }],
    {
      hyper: packHyper(HYPER),
      scalars: Uint32Array.of(0, 0, ok, 0),
      start: testValues(args.count + TAIL, 1),
      param: testValues(args.count + TAIL, 2),
    },
  );
  return Float32Array.from(result['param'] ?? []);
}

describe('decay_to_start', () => {
  it.each(cases)('matches the f64 reference: $count values, decay $decay, lr x $lrScale', async (args) => {
    const { count, decay, lrScale } = args;
    const [start, param] = [testValues(count + TAIL, 1), testValues(count + TAIL, 2)];
    const wanted = decayToStartRef(param, start, LR * lrScale * decay);
    expectNonTrivial(wanted.map((value, i) => value - (param[i] ?? NaN)));
    const got = await run(args);
    expectClose(got.subarray(0, count), wanted.subarray(0, count), { rtol: 1e-6, atol: 3e-7 });
    expect(got.subarray(count)).toEqual(param.subarray(count));
    expect(await run(args, { fold: 3 })).toEqual(got);
  });

  it('changes no bit when the gate is closed', async () => {
    expect(await run(cases[2], { ok: 0 })).toEqual(testValues(cases[2].count + TAIL, 2));
  });
});
