import { describe, expect, it } from 'vitest';
import type { Launch } from '../../src/gpu/kernel.ts';
import { expectClose, expectFiniteDifferences, expectNonTrivial, testValues } from '../../test/harness/compare.ts';
import { testGpu } from '../../test/harness/gpu.ts';
import { runLaunches } from '../../test/harness/launch.ts';
import { opFixture } from '../../test/harness/op-fixture.ts';
import { counts } from './gated_activation.cases.ts';
import { activationRef, gatedBackwardRef, gatedForwardRef } from './gated_activation.ref.ts';
import {
  gatedActivationBackward,
  gatedActivationForward,
  geluBackward,
  geluForward,
  type GateActivation,
} from './gated_activation.ts';

/** exp's error grows with its argument (WGSL allows 3 + 2 |x| ulp), and half a dozen roundings come on top. */
const tolerance = { rtol: 5e-6, atol: 2e-6 };
/** Where activations saturate and where exp, squares or cubes would overflow. */
const EDGES = [0, -0, 1e-30, -1e-5, 8, -8, 20, -20, 59, -61, 88, -89, 104, -104, 1000, -1000, 1e12, -1e12];
const acts: readonly GateActivation[] = ['silu', 'gelu_tanh'];

async function runGated(
  act: GateActivation,
  gate: Float32Array,
  up: Float32Array,
  dy: Float32Array,
): Promise<Record<string, ArrayLike<number>>> {
  const count = gate.length;
  const outputs = { y: testValues(count, 7), dgate: testValues(count, 8), dup: testValues(count, 9) };
  return runLaunches(
    await testGpu(),
    [gatedActivationForward({ count, act }), gatedActivationBackward({ count, act })],
    { gate, up, dy, ...outputs },
  );
}

async function runGelu(x: Float32Array, dy: Float32Array): Promise<Record<string, ArrayLike<number>>> {
  const count = x.length;
  return runLaunches(await testGpu(), [geluForward({ count }), geluBackward({ count })], {
    x,
    dy,
    y: testValues(count, 7),
    dx: testValues(count, 8),
  });
}

describe.each(acts)('gated_activation, %s', (act) => {
  it.each(counts)('matches the f64 reference over %i elements', async (count) => {
    const [gate, up, dy] = [testValues(count, 1, 2), testValues(count, 2), testValues(count, 3)];
    const result = await runGated(act, gate, up, dy);
    const backward = gatedBackwardRef(act, gate, up, dy);
    expectNonTrivial(backward.dgate);
    expectClose(result['y'] ?? [], gatedForwardRef(act, gate, up), tolerance, 'y');
    expectClose(result['dgate'] ?? [], backward.dgate, tolerance, 'dgate');
    expectClose(result['dup'] ?? [], backward.dup, tolerance, 'dup');
  });

  it('stays finite and right where the gate is extreme', async () => {
    const gate = Float32Array.from(EDGES);
    const ones = new Float32Array(gate.length).fill(1);
    const result = await runGated(act, gate, ones, ones);
    const slope = Float64Array.from(gate, (g) => (Math.abs(g) > 1e6 ? Number(g > 0) : activationRef(act, g).slope));
    expectClose(result['y'] ?? [], gatedForwardRef(act, gate, ones), tolerance, 'y');
    expectClose(result['dgate'] ?? [], slope, tolerance, 'dgate');
  });

  it.each(act === 'silu' ? ['silu', 'silu_edges'] : ['gelu_tanh', 'gelu_tanh_edges'])(
    'agrees with PyTorch: %s',
    async (name) => {
      const fixture = opFixture('gated_activation', name);
      const result = await runGated(act, fixture.floats('gate'), fixture.floats('up'), fixture.floats('dy'));
      for (const key of ['y', 'dgate', 'dup']) expectClose(result[key] ?? [], fixture.floats(key), tolerance, key);
    },
  );

  it('gives the same bits twice and over a folded grid', async () => {
    const launch = gatedActivationForward({ count: 1001, act });
    const folded: Launch = { ...launch, workgroups: [9, 2, 1] };
    const buffers = { gate: testValues(1001, 1), up: testValues(1001, 2), y: new Float32Array(1001) };
    const once = await runLaunches(await testGpu(), [launch], buffers);
    expect(await runLaunches(await testGpu(), [launch], buffers)).toEqual(once);
    expect(await runLaunches(await testGpu(), [folded], buffers)).toEqual(once);
  });

  it('has a reference whose gradient agrees with central differences', () => {
    const gate = Float64Array.from(testValues(30, 4));
    const up = Float64Array.from(testValues(30, 5));
    const dy = testValues(30, 6);
    const loss = (): number => gatedForwardRef(act, gate, up).reduce((sum, v, i) => sum + v * (dy[i] ?? 0), 0);
    const { dgate, dup } = gatedBackwardRef(act, gate, up, dy);
    expectFiniteDifferences(loss, gate, dgate, { label: 'dgate' });
    expectFiniteDifferences(loss, up, dup, { label: 'dup' });
  });
});

describe('gelu', () => {
  it.each(counts)('matches the f64 reference over %i elements', async (count) => {
    const [x, dy] = [testValues(count, 1, 2), testValues(count, 2)];
    const result = await runGelu(x, dy);
    expectClose(
      result['y'] ?? [],
      Float64Array.from(x, (v) => activationRef('gelu_tanh', v).value),
      tolerance,
      'y',
    );
    expectClose(
      result['dx'] ?? [],
      Float64Array.from(x, (v, i) => (dy[i] ?? 0) * activationRef('gelu_tanh', v).slope),
      tolerance,
      'dx',
    );
  });

  it.each(['random', 'edges'])('agrees with PyTorch: %s', async (name) => {
    const fixture = opFixture('gelu_tanh', name);
    const result = await runGelu(fixture.floats('x'), fixture.floats('dy'));
    for (const key of ['y', 'dx']) expectClose(result[key] ?? [], fixture.floats(key), tolerance, key);
  });
});
