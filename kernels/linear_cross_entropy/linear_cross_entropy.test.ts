import { describe, expect, it } from 'vitest';
import { expectClose, expectFiniteDifferences, expectNonTrivial, testValues } from '../../test/harness/compare.ts';
import { testGpu } from '../../test/harness/gpu.ts';
import { runLaunches } from '../../test/harness/launch.ts';
import { opFixture } from '../../test/harness/op-fixture.ts';
import type { KernelVariant } from '../../src/gpu/device-profile.ts';
import type { Launch } from '../../src/gpu/kernel.ts';
import { cases } from './linear_cross_entropy.cases.ts';
import {
  crossEntropyRowsRef,
  headBackwardRef,
  linearCrossEntropyRef,
  type HeadOptions,
} from './linear_cross_entropy.ref.ts';
import { crossEntropyRows, type CrossEntropyRowsArgs } from './linear_cross_entropy.ts';

const variants: readonly KernelVariant[] = ['workgroup', 'serial'];
const labelsOf = (count: number, vocab: number): Uint32Array =>
  Uint32Array.from({ length: count }, (_, i) => (i * 7919 + vocab - 1) % vocab);
const stepOf = (labelled: number): Uint32Array => Uint32Array.of(0, 0, labelled, 0);

/** The same launch over a folded grid, as it looks past 65535 workgroups; an odd count overshoots by one. */
const folded = (launch: Launch): Launch => ({ ...launch, workgroups: [2, Math.ceil(launch.workgroups[0] / 2), 1] });

describe.each(variants)('linear_cross_entropy, %s', (variant) => {
  it('gives the gradient of the whole head in x, chunk by chunk', async () => {
    const gpu = await testGpu();
    const [rows, cols, vocab] = [5, 24, 96];
    const options = { logitScale: 1.5, softCap: 8 };
    const x = Float64Array.from(testValues(rows * cols, 3));
    const w = Float64Array.from(testValues(vocab * cols, 4));
    const labels = labelsOf(rows, vocab);
    const expected = linearCrossEntropyRef(x, w, labels, cols, options);
    expectNonTrivial(expected.dx);
    const chunkRows = 3;
    const launches = [0, 3].map((firstRow) =>
      crossEntropyRows({ chunkRows, vocab, firstRow, ...options, gradient: true, variant }),
    );
    const result = await runLaunches(
      gpu,
      launches,
      {
        step: stepOf(rows),
        labels,
        nll: new Float32Array(rows),
        first: Float32Array.from(expected.logits.subarray(0, chunkRows * vocab)),
        second: Float32Array.from([...expected.logits.subarray(chunkRows * vocab), ...testValues(vocab, 5)]),
      },
      [{ logits: 'first' }, { logits: 'second' }],
    );
    expectClose(result['nll'] ?? [], expected.nll, { rtol: 1e-6, atol: 1e-6 }, 'nll');
    const dLogits = [...(result['first'] ?? []), ...(result['second'] ?? [])].slice(0, rows * vocab);
    expectClose(headBackwardRef(dLogits, w, cols), expected.dx, { rtol: 1e-5, atol: 1e-5 }, 'dx', [rows, cols]);
  });

  it.each(['toy', 'soft_cap', 'logit_scale', 'large_logits'])('agrees with PyTorch: %s', async (name) => {
    const gpu = await testGpu();
    const fixture = opFixture('linear_cross_entropy', name);
    const [vocab = 0, cols = 0] = fixture.shape('w');
    const rows = fixture.shape('x')[0] ?? 0;
    const options = {
      logitScale: Number(fixture.attributes['logit_scale']),
      softCap: Number(fixture.attributes['soft_cap']),
    };
    const w = Float64Array.from(fixture.floats('w'));
    const labels = Uint32Array.from(fixture.ints('targets'));
    const { logits } = linearCrossEntropyRef(Float64Array.from(fixture.floats('x')), w, labels, cols, options);
    const launch = crossEntropyRows({ chunkRows: rows, vocab, firstRow: 0, ...options, gradient: true, variant });
    const result = await runLaunches(gpu, [launch], {
      step: stepOf(rows),
      labels,
      logits: Float32Array.from(logits),
      nll: new Float32Array(rows),
    });
    expectClose(result['nll'] ?? [], fixture.floats('nll'), { rtol: 1e-6, atol: 2e-6 }, 'nll');
    const unit = headBackwardRef(result['logits'] ?? [], w, cols);
    expectClose(unit, fixture.floats('unit_dx'), { rtol: 1e-5, atol: 5e-6 }, 'unit dx', [rows, cols]);
    const dNll = fixture.floats('d_nll');
    const dx = unit.map((value, i) => value * (dNll[Math.floor(i / cols)] ?? Number.NaN));
    expectClose(dx, fixture.floats('dx'), { rtol: 1e-5, atol: 1e-5 }, 'dx', [rows, cols]);
  });

  it('keeps small losses, far logits and saturated caps accurate', async () => {
    const gpu = await testGpu();
    const rows = [
      [12, 0, 1, -3],
      [-80, 20, -100, 19],
      [1000, -1000, 990, 0],
    ];
    const logits = Float32Array.from(rows.flat());
    const labels = Uint32Array.of(0, 3, 2);
    for (const softCap of [0, 30]) {
      const expected = crossEntropyRowsRef(Float64Array.from(logits), labels, 4, { softCap });
      const launch = crossEntropyRows({ chunkRows: 3, vocab: 4, firstRow: 0, softCap, gradient: true, variant });
      const result = await runLaunches(gpu, [launch], { step: stepOf(3), labels, logits, nll: new Float32Array(3) });
      expectClose(
        result['nll'] ?? [],
        expected.nll,
        { rtol: 1e-6, atol: 3e-7 + 1e-7 * softCap },
        `nll, cap ${softCap}`,
      );
      expectClose(
        result['logits'] ?? [],
        expected.dLogits,
        { rtol: 1e-5, atol: 1.5e-7 + 1e-7 * softCap },
        `logits, cap ${softCap}`,
        [3, 4],
      );
    }
  });

  it('does not lose many small terms beside a few large ones', async () => {
    const gpu = await testGpu();
    const vocab = 262144;
    // One by one, exp(-14) vanishes in a sum of 256; all together they are a thousandth of it.
    const logits = new Float32Array(vocab).fill(-14).fill(0, 0, 256);
    const launch = crossEntropyRows({ chunkRows: 1, vocab, firstRow: 0, gradient: false, variant });
    const buffers = { step: stepOf(1), labels: Uint32Array.of(3), logits, nll: new Float32Array(1) };
    const { nll } = await runLaunches(gpu, [launch], buffers);
    expectClose(nll ?? [], [Math.log(256 + (vocab - 256) * Math.exp(-14))], { rtol: 2e-6, atol: 0 }, 'nll');
  });

  it.each([300, 302, 301])(
    'poisons the loss and the gradient of a row with a logit that is not finite, and no other row: %i',
    async (vocab) => {
      const gpu = await testGpu();
      for (const [value, at] of [
        [Number.NaN, 77],
        [Infinity, 290],
        [-Infinity, 0],
      ] as const) {
        const logits = testValues(3 * vocab, 6);
        logits[vocab + at] = value;
        const launch = crossEntropyRows({ chunkRows: 3, vocab, firstRow: 0, softCap: 20, gradient: true, variant });
        const result = await runLaunches(gpu, [launch], {
          step: stepOf(3),
          labels: labelsOf(3, vocab),
          logits,
          nll: new Float32Array(3),
        });
        expect([...(result['nll'] ?? [])].map((loss) => Number.isNaN(loss))).toEqual([false, true, false]);
        expect([...(result['logits'] ?? [])].map((gradient) => Number.isNaN(gradient))).toEqual(
          Array.from({ length: 3 * vocab }, (_, i) => i >= vocab && i < 2 * vocab),
        );
      }
    },
  );

  it('gives the same bits twice', async () => {
    const gpu = await testGpu();
    const launch = crossEntropyRows({ chunkRows: 4, vocab: 700, firstRow: 0, gradient: true, variant });
    const run = (): ReturnType<typeof runLaunches> =>
      runLaunches(gpu, [launch], {
        step: stepOf(4),
        labels: labelsOf(4, 700),
        logits: testValues(4 * 700, 7, 3),
        nll: new Float32Array(4),
      });
    const [first, second] = [await run(), await run()];
    expect(first['nll']).toEqual(second['nll']);
    expect(first['logits']).toEqual(second['logits']);
  });

  it.each(cases)('matches the f64 reference: $chunkRows x $vocab from row $firstRow of $labelled', async (args) => {
    const gpu = await testGpu();
    const { chunkRows, vocab, firstRow, labelled } = args;
    const live = Math.min(chunkRows, Math.max(0, labelled - firstRow));
    const labels = labelsOf(labelled, vocab);
    // One more row than the chunk has, which must stay as it is.
    const logits = testValues((chunkRows + 1) * vocab, 1, 4);
    const nll = testValues(Math.max(labelled, firstRow + chunkRows) + 3, 2);
    const options: HeadOptions = {
      logitScale: 'logitScale' in args ? args.logitScale : 1,
      softCap: 'softCap' in args ? args.softCap : 0,
    };
    const expected = crossEntropyRowsRef(
      Float64Array.from(logits.subarray(0, live * vocab)),
      labels.subarray(firstRow),
      vocab,
      options,
    );
    if (live > 0 && vocab > 1) expectNonTrivial(expected.nll);
    const wantedNll = Float64Array.from(nll);
    wantedNll.set(expected.nll, firstRow);
    const wantedLogits = Float64Array.from(logits);
    wantedLogits.fill(0, 0, chunkRows * vocab);
    wantedLogits.set(expected.dLogits);
    for (const gradient of [true, false]) {
      const launch = folded(crossEntropyRows({ ...args, gradient, variant } satisfies CrossEntropyRowsArgs));
      const result = await runLaunches(gpu, [launch], { step: stepOf(labelled), labels, logits, nll });
      expectClose(result['nll'] ?? [], wantedNll, { rtol: 1e-6, atol: 2e-6 }, 'nll');
      if (gradient)
        expectClose(result['logits'] ?? [], wantedLogits, { rtol: 1e-5, atol: 1e-9 }, 'logits', [chunkRows + 1, vocab]);
      else expectClose(result['logits'] ?? [], logits, { rtol: 0, atol: 0 }, 'untouched logits');
    }
  });
});

describe('linear_cross_entropy reference', () => {
  it.each([{}, { logitScale: 1.7 }, { logitScale: 0.8, softCap: 4 }])(
    'has the gradient of central differences in x: %o',
    (options) => {
      const [rows, cols, vocab] = [3, 7, 11];
      const x = Float64Array.from(testValues(rows * cols, 8));
      const w = Float64Array.from(testValues(vocab * cols, 9));
      const labels = labelsOf(rows, vocab);
      const loss = (): number => linearCrossEntropyRef(x, w, labels, cols, options).nll.reduce((a, b) => a + b, 0);
      expectFiniteDifferences(loss, x, linearCrossEntropyRef(x, w, labels, cols, options).dx);
    },
  );
});
