import { describe, expect, it } from 'vitest';
import { expectClose, testValues } from '../../test/harness/compare.ts';
import { testGpu } from '../../test/harness/gpu.ts';
import { runLaunches, type Numbers } from '../../test/harness/launch.ts';
import type { KernelVariant } from '../../src/gpu/device-profile.ts';
import type { Launch } from '../../src/gpu/kernel.ts';
import { HYPER_FLOATS, packHyper, SCALARS_RESET } from './hyper.ts';
import { cases } from './squared_norm.cases.ts';
import { squaredNormRef } from './squared_norm.ref.ts';
import { partialCount, squaredNormFinish, squaredNormPartial } from './squared_norm.ts';

const variants: readonly KernelVariant[] = ['workgroup', 'serial'];
const optimizer = { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, update: 1 };
const UNTOUCHED = 0x3f9d70a4;

/** The same launch over a folded grid, as it looks past 65535 workgroups; an odd count overshoots by one. */
const folded = (launch: Launch): Launch => ({ ...launch, workgroups: [2, Math.ceil(launch.workgroups[0] / 2), 1] });

interface Settings {
  readonly invTokens: number;
  readonly maxNorm: number;
}

async function run(
  grads: readonly Float32Array[],
  { invTokens, maxNorm }: Settings,
  variant: KernelVariant,
  ok = 1,
): Promise<{ partials: Float32Array; scalars: Uint32Array; floats: Float32Array }> {
  const gpu = await testGpu();
  const buffers: Record<string, Numbers> = {
    hyper: packHyper({ ...optimizer, invTokens, maxNorm }),
    scalars: Uint32Array.of(0, 0, ok, UNTOUCHED),
  };
  const launches: Launch[] = [];
  let partials = 0;
  grads.forEach((grad, i) => {
    buffers[`grad${i}`] = grad;
    launches.push(folded(squaredNormPartial({ count: grad.length, firstPartial: partials, variant })));
    partials += partialCount(grad.length);
  });
  // Two more than there are: neither written nor read.
  buffers['partials'] = new Uint32Array(partials + 2).fill(UNTOUCHED);
  launches.push(squaredNormFinish({ partials, variant }));
  const result = await runLaunches(
    gpu,
    launches,
    buffers,
    grads.map((_, i) => ({ grad: `grad${i}` })),
  );
  const scalars = Uint32Array.from(result['scalars'] ?? []);
  const sums = Uint32Array.from(result['partials'] ?? []);
  expect([...sums.subarray(partials)]).toEqual([UNTOUCHED, UNTOUCHED]);
  expect(scalars[3]).toBe(UNTOUCHED);
  return { partials: new Float32Array(sums.buffer, 0, partials), scalars, floats: new Float32Array(scalars.buffer) };
}

describe.each(variants)('squared_norm, %s', (variant) => {
  it('closes the gate for any value that is not finite, wherever it stands', async () => {
    const clean = testValues(9000, 2);
    for (const value of [Number.NaN, Infinity, -Infinity]) {
      for (const at of [0, 3000, 4095, 4099, 8999]) {
        const grad = clean.slice();
        grad[at] = value;
        const { scalars, floats } = await run([grad, testValues(10, 3)], { invTokens: 1, maxNorm: 1 }, variant);
        expect(scalars[2], `${value} at ${at}`).toBe(0);
        expect(scalars[1]).toBe(0);
        expect(floats[0]).toBeNaN();
      }
    }
  });

  it('closes the gate for the first of more blocks than one workgroup has lanes', async () => {
    const grad = new Float32Array(257 * 4096);
    grad[5] = Number.NaN;
    expect((await run([grad], { invTokens: 1, maxNorm: 1 }, variant)).scalars[2]).toBe(0);
  });

  it('closes the gate when squares or the mean overflow', async () => {
    expect((await run([Float32Array.of(1e30, 1)], { invTokens: 1, maxNorm: 0 }, variant)).scalars[2]).toBe(0);
    expect((await run([new Float32Array(9000).fill(1.8e17)], { invTokens: 1, maxNorm: 0 }, variant)).scalars[2]).toBe(
      1,
    );
    expect(
      (await run([new Float32Array(9000).fill(1.8e17)], { invTokens: 1e30, maxNorm: 0 }, variant)).scalars[2],
    ).toBe(0);
    expect((await run([new Float32Array(8192).fill(2.45e17)], { invTokens: 1, maxNorm: 0 }, variant)).scalars[2]).toBe(
      0,
    );
  });

  it('stays closed until the host opens it, and still reports the norm', async () => {
    const { scalars, floats } = await run([Float32Array.of(3, 4)], { invTokens: 0.5, maxNorm: 0 }, variant, 0);
    expect(scalars[2]).toBe(0);
    expect(floats[0]).toBe(2.5);
  });

  it('gives the same bits twice', async () => {
    const grads = [testValues(9000, 4), testValues(500, 5)];
    const settings = { invTokens: 0.1, maxNorm: 1 };
    expect((await run(grads, settings, variant)).scalars).toEqual((await run(grads, settings, variant)).scalars);
  });

  it.each(cases)(
    'matches the f64 reference: $counts values, 1/$invTokens, max $maxNorm',
    async ({ counts, invTokens, maxNorm, scale }) => {
      const grads = counts.map((count, i) => testValues(count, i + 1, scale));
      const { partials, scalars, floats } = await run(grads, { invTokens, maxNorm }, variant);
      const blocks = grads.flatMap((grad) =>
        Array.from({ length: partialCount(grad.length) }, (_, b) => grad.subarray(b * 4096, (b + 1) * 4096)),
      );
      expectClose(
        partials,
        blocks.map((block) => block.reduce((sum, value) => sum + value * value, 0)),
        { rtol: 1e-6, atol: 0 },
        'partials',
      );
      const expected = squaredNormRef(grads, { invTokens, maxNorm, ok: true });
      expectClose(floats.subarray(0, 2), [expected.norm, expected.factor], { rtol: 1e-6, atol: 0 }, 'norm and factor');
      expect(scalars[2]).toBe(1);
    },
  );
});

describe('packHyper', () => {
  it('computes everything that is one minus something in f64', () => {
    const hyper = packHyper({ ...optimizer, invTokens: 0.25, maxNorm: 2, update: 3, momentum: 0.5 });
    expect(hyper.length).toBe(HYPER_FLOATS);
    expect([...hyper]).toEqual(
      [0.25, 2, 1e-3, 0.9, 0.999, 1e-8, 0.271, 0.002997001, 0.5, 0.1, 0.001, 0].map(Math.fround),
    );
    expect(SCALARS_RESET[2]).toBe(1);
  });
});
