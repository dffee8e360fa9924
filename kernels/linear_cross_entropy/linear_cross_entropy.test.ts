import { describe, expect, it } from 'vitest';
import { expectClose, expectFiniteDifferences, expectNonTrivial, testValues } from '../../test/harness/compare.ts';
import { testGpu } from '../../test/harness/gpu.ts';
import { runLaunches, type Numbers } from '../../test/harness/launch.ts';
import { opFixture } from '../../test/harness/op-fixture.ts';
import {
  codeWordsPerRow,
  packWeight,
  scaleWordsPerRow,
  sliceRows,
  unpackWeight,
  type PackFormat,
} from '../../src/formats/quantize.ts';
import type { KernelVariant } from '../../src/gpu/device-profile.ts';
import type { Launch } from '../../src/gpu/kernel.ts';
import { columnMeanRef } from '../column_mean/column_mean.ref.ts';
import { cases } from './linear_cross_entropy.cases.ts';
import {
  crossEntropyRowsRef,
  headBackwardRef,
  linearCrossEntropyRef,
  type HeadOptions,
} from './linear_cross_entropy.ref.ts';
import { matmulNn } from '../matmul_nn/matmul_nn.ts';
import { matmulNt } from '../matmul_nt/matmul_nt.ts';
import {
  crossEntropyRows,
  crossEntropySlice,
  finishLoss,
  smoothLoss,
  STATE_WORDS,
  type CrossEntropyRowsArgs,
} from './linear_cross_entropy.ts';

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

  it('finds the largest logit wherever in a row it is', async () => {
    const gpu = await testGpu();
    // One in each of the four quarters that an invocation takes up at once; exp(200) is not finite.
    const [vocab, places] = [1023, [5, 300, 600, 900]];
    const logits = new Float32Array(places.length * vocab);
    for (const [row, at] of places.entries()) logits[row * vocab + at] = 200;
    const labels = Uint32Array.of(5, 5, 5, 5);
    const expected = crossEntropyRowsRef(Float64Array.from(logits), labels, vocab);
    const launch = crossEntropyRows({ chunkRows: places.length, vocab, firstRow: 0, gradient: true, variant });
    const result = await runLaunches(gpu, [launch], { step: stepOf(4), labels, logits, nll: new Float32Array(4) });
    expectClose(result['nll'] ?? [], expected.nll, { rtol: 1e-6, atol: 1e-6 }, 'nll');
    expectClose(result['logits'] ?? [], expected.dLogits, { rtol: 1e-5, atol: 1.5e-7 }, 'logits', [4, vocab]);
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

interface Sliced {
  readonly rows: number;
  readonly cols: number;
  readonly vocab: number;
  readonly columns: number;
  readonly firstRow?: number;
  readonly labelled?: number;
  readonly format?: PackFormat;
  readonly options?: HeadOptions;
  /** Whether the head's parts are finished from the last to the first: none may write a row whose label it does not have. */
  readonly backwards?: boolean;
}

/** The head by slices: products of any kernel would do, so the plainest of each. */
async function runSlices(
  sliced: Sliced,
  x: Float32Array,
  w: Float32Array,
  saved: Float32Array,
): Promise<{ nll: Numbers; dx: Numbers; unpacked: Float64Array; labels: Uint32Array; lossRows: Uint32Array }> {
  const { rows, cols, vocab, columns, firstRow = 0, labelled = rows } = sliced;
  const { format = 'f32', options = {}, backwards = false } = sliced;
  const gpu = await testGpu();
  const launches: Launch[] = [];
  const renames: Record<string, string>[] = [];
  const add = (launch: Launch, rename: Record<string, string> = {}): void => {
    launches.push(folded(launch));
    renames.push(rename);
  };
  const packed = packWeight(w, vocab, cols, format);
  const [codeWords, scaleWords] = [codeWordsPerRow(format, cols), scaleWordsPerRow(format, cols)];
  const buffers: Record<string, Numbers> = {};
  for (let first = 0; first < vocab; first += columns) {
    const width = Math.min(columns, vocab - first);
    const codes = `w${first}`;
    const scales = `s${first}`;
    buffers[codes] = packed.codes.slice(first * codeWords, (first + width) * codeWords);
    if (scaleWords > 0) buffers[scales] = packed.scales.slice(first * scaleWords, (first + width) * scaleWords);
    const logits = `logits${first}`;
    buffers[logits] = new Float32Array(rows * width);
    const shape = {
      rows,
      inFeatures: cols,
      outFeatures: width,
      format,
      rank: 0,
      loraScale: 0,
      variant: 'workgroup',
    } as const;
    const weight = { w_codes: codes, w_scales: scales };
    add(matmulNt({ ...shape, outStride: width, outOffset: 0, bias: false }, 'naive'), { ...weight, y: logits });
    const slice = { chunkRows: rows, vocab: width, firstRow, firstColumn: first, isLast: first + width === vocab };
    add(crossEntropySlice({ ...slice, ...options }), { logits });
    const isAdded = first > 0;
    const back = { ...shape, dyStride: width, dyOffset: 0, accumulate: isAdded, keep: isAdded };
    add(matmulNn(back, 'naive'), { ...weight, dy: logits, dx: 'dxg' });
    const part = { rowOffset: first, partRows: width };
    add(finishLoss({ chunkRows: rows, cols, firstRow, ...part, format }), weight);
  }
  // The parts of the head are finished after all slices.
  const all = [...launches.keys()];
  const finishing = all.filter((i) => i % 4 === 3);
  const order = [...all.filter((i) => i % 4 !== 3), ...(backwards ? finishing.reverse() : finishing)];
  // Rows past the labelled ones, and one past the chunk, have a label and a place too: that they stay is up to the kernels.
  const known = Math.max(labelled, firstRow + rows) + 1;
  const labels = labelsOf(known, vocab);
  // The first row of a part and the last of the one before it.
  if (vocab > columns) labels.set(rows > 1 ? [columns, columns - 1] : [columns], firstRow);
  const lossRows = Uint32Array.from({ length: known }, (_, i) => (i * 3 + 1) % (saved.length / cols));
  const result = await runLaunches(
    gpu,
    order.flatMap((i) => launches[i] ?? []),
    {
      ...buffers,
      ...{ step: stepOf(labelled), labels, rows: lossRows, x, dx: saved },
      nll: testValues(known, 2),
      dxg: testValues(rows * cols, 3),
      state: new Uint32Array(rows * STATE_WORDS).fill(0x7fc00000),
      keep: new Float32Array(rows).fill(Number.NaN),
    },
    order.map((i) => renames[i] ?? {}),
  );
  const { nll, dx } = result;
  if (nll === undefined || dx === undefined) throw new Error('no losses came back');
  return { nll, dx, unpacked: Float64Array.from(unpackWeight(packed)), labels, lossRows };
}

describe('linear_cross_entropy by slices of the vocabulary', () => {
  it.each<Sliced>([
    { rows: 5, cols: 24, vocab: 96, columns: 64, options: { logitScale: 1.5, softCap: 8 } },
    { rows: 3, cols: 7, vocab: 130, columns: 64 },
    { rows: 4, cols: 33, vocab: 1030, columns: 512, format: 'q4' },
    { rows: 4, cols: 20, vocab: 301, columns: 128, firstRow: 2, labelled: 5, format: 'q8' },
    { rows: 2, cols: 5, vocab: 60, columns: 64, firstRow: 3, labelled: 3 },
    { rows: 70, cols: 24, vocab: 96, columns: 64 },
    // Fewer labelled rows than the chunk has, and more.
    { rows: 5, cols: 24, vocab: 96, columns: 64, firstRow: 1, labelled: 4, backwards: true },
    { rows: 3, cols: 7, vocab: 130, columns: 64, firstRow: 1, labelled: 6, backwards: true },
  ])('gives each loss and its gradient in x: $rows x $cols, $vocab by $columns', async (shape) => {
    const { rows, cols, vocab, firstRow = 0, labelled = rows, options = {} } = shape;
    const x = testValues(rows * cols, 3, 2);
    // More than labelled rows, and no multiple of 3: each labelled row has a place of its own.
    const places = Math.max(17, rows + 1);
    const before = testValues(places * cols, 5);
    const { nll, dx, unpacked, labels, lossRows } = await runSlices(shape, x, testValues(vocab * cols, 4), before);
    const live = Math.min(rows, Math.max(0, labelled - firstRow));
    const own = Float64Array.from(x.subarray(0, live * cols));
    const expected = linearCrossEntropyRef(own, unpacked, labels.subarray(firstRow), cols, options);
    const wantedNll = Float64Array.from(testValues(nll.length, 2));
    wantedNll.set(expected.nll, firstRow);
    expectClose(nll, wantedNll, { rtol: 1e-6, atol: 2e-6 }, 'nll');
    const wanted = Float64Array.from(before);
    for (let i = 0; i < live; i += 1)
      wanted.set(expected.dx.subarray(i * cols, (i + 1) * cols), (lossRows[firstRow + i] ?? 0) * cols);
    // The label's share is taken off the whole sum, not off its own term.
    expectClose(dx, wanted, { rtol: 1e-5, atol: 1e-5 }, 'dx', [places, cols]);
  });

  it('scales what is summed up when a later slice has the largest logit, however far', async () => {
    // Logits rise by 30 from slice to slice, so that nothing of the first is left after the last.
    const [rows, cols, vocab] = [2, 4, 256];
    const x = Float32Array.from({ length: rows * cols }, (_, i) => (i % cols === 0 ? 1 : 0.1 * i));
    const w = testValues(vocab * cols, 6).map((value, i) => (i % cols === 0 ? 30 * Math.floor(i / cols / 64) : value));
    const { nll, dx, unpacked, labels, lossRows } = await runSlices(
      { rows, cols, vocab, columns: 64 },
      x,
      w,
      new Float32Array(17 * cols),
    );
    const expected = linearCrossEntropyRef(Float64Array.from(x), unpacked, labels, cols);
    expectNonTrivial(expected.dx);
    // Logits of 90 are computed to 8e-6, which is what their exponentials are off by; W has values of 90.
    expectClose(nll.subarray(0, rows), expected.nll, { rtol: 1e-6, atol: 1.6e-5 }, 'nll');
    for (let i = 0; i < rows; i += 1) {
      const at = (lossRows[i] ?? 0) * cols;
      expectClose(
        dx.subarray(at, at + cols),
        expected.dx.subarray(i * cols, (i + 1) * cols),
        { rtol: 3e-5, atol: 1e-4 },
        'dx',
      );
    }
  });

  it('poisons the loss and the gradient of a row with a logit that is not finite, and no other row', async () => {
    const [rows, cols, vocab] = [3, 6, 200];
    for (const value of [Number.NaN, Infinity, -Infinity]) {
      for (const column of [0, 70, 199]) {
        const x = new Float32Array(rows * cols).map((_, i) =>
          i % cols === 0 && Math.floor(i / cols) === 1 ? 1 : i % cols === 1 ? 0.5 : 0,
        );
        const w = testValues(vocab * cols, 6);
        // Only row 1 looks at the first column of W.
        for (let v = 0; v < vocab; v += 1) w[v * cols] = v === column ? 3e38 : 0.25;
        if (Number.isNaN(value)) x[cols] = value;
        else x[cols] = value > 0 ? 3e38 : -3e38;
        const { nll, dx, lossRows } = await runSlices(
          { rows, cols, vocab, columns: 64 },
          x,
          w,
          new Float32Array(17 * cols),
        );
        expect([...nll.subarray(0, rows)].map((loss) => Number.isNaN(loss))).toEqual([false, true, false]);
        for (let i = 0; i < rows; i += 1) {
          const at = (lossRows[i] ?? 0) * cols;
          expect([...dx.subarray(at, at + cols)].map((each) => Number.isNaN(each))).toEqual(
            new Array(cols).fill(i === 1),
          );
        }
      }
    }
  });
});

describe('label smoothing', () => {
  it.each([
    { rows: 4, cols: 7, vocab: 11, format: 'f32', factor: 0.1 },
    { rows: 5, cols: 64, vocab: 130, format: 'q4', factor: 0.3 },
    { rows: 3, cols: 34, vocab: 66, format: 'q8', factor: 0.15 },
    // Several workgroups, so that the grid folds.
    { rows: 200, cols: 12, vocab: 210, format: 'f32', factor: 0.2 },
  ] as const)('moves losses and gradients of $rows x $cols over $vocab, $format', async (shape) => {
    const { rows, cols, vocab, format, factor } = shape;
    const x = testValues(rows * cols, 3);
    const packed = packWeight(testValues(vocab * cols, 4), vocab, cols, format);
    const w = Float64Array.from(unpackWeight(packed));
    const split = Math.floor(vocab / 2);
    // The first and the last row of each part among them.
    const labels = Uint32Array.from([split, 0, split - 1, ...labelsOf(rows - 3, vocab)]);
    const plain = linearCrossEntropyRef(Float64Array.from(x), w, labels, cols);
    const wanted = linearCrossEntropyRef(Float64Array.from(x), w, labels, cols, { smoothing: factor });
    expectNonTrivial(wanted.nll.map((loss, i) => loss - (plain.nll[i] ?? NaN)));
    const mean = columnMeanRef(w, cols);
    // Labelled rows stand in x in another order; one more is not labelled.
    const lossRows = Uint32Array.from({ length: rows }, (_, i) => rows - i);
    const place = (values: ArrayLike<number>): Float32Array => {
      const placed = new Float32Array((rows + 1) * cols);
      for (let i = 0; i < rows; i += 1)
        for (let c = 0; c < cols; c += 1) placed[(rows - i) * cols + c] = values[i * cols + c] ?? NaN;
      return placed;
    };
    for (const isOff of [0, 1]) {
      const launches: Launch[] = [];
      const renames: Record<string, string>[] = [];
      const buffers: Record<string, Numbers> = {};
      for (const [part, [from, to]] of [[0, split] as const, [split, vocab] as const].entries()) {
        const own = sliceRows(packed, from, to);
        buffers[`codes${part}`] = own.codes;
        if (format !== 'f32') buffers[`scales${part}`] = own.scales;
        for (const of of ['losses', 'gradients'] as const) {
          const args = { rows: rows + 2, cols, rowOffset: from, partRows: to - from, format, factor };
          launches.push(folded(smoothLoss(of, args)));
          renames.push({ w_codes: `codes${part}`, w_scales: `scales${part}` });
        }
      }
      const result = await runLaunches(
        await testGpu(),
        launches,
        {
          ...buffers,
          step: Uint32Array.of(0, 0, rows, isOff),
          rows: Uint32Array.from([...lossRows, 0, 0]),
          labels: Uint32Array.from([...labels, 0, 0]),
          mean: Float32Array.from(mean),
          x: place(x),
          nll: Float32Array.from([...plain.nll, 5, 5]),
          dx: place(plain.dx),
        },
        renames,
      );
      const of = isOff === 1 ? plain : wanted;
      expectClose(result['nll'] ?? [], [...of.nll, 5, 5], { rtol: 1e-6, atol: 2e-6 }, 'nll');
      expectClose(result['dx'] ?? [], place(of.dx), { rtol: 1e-5, atol: 1e-6 }, 'dx', [rows + 1, cols]);
    }
  });
});

describe('linear_cross_entropy reference', () => {
  it.each([{}, { logitScale: 1.7 }, { logitScale: 0.8, softCap: 4 }, { logitScale: 1.3, smoothing: 0.2 }])(
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
