import { wideCases as wideNn } from '../../kernels/matmul_nn/matmul_nn.cases.ts';
import { matmulNnRef } from '../../kernels/matmul_nn/matmul_nn.ref.ts';
import { matmulNn } from '../../kernels/matmul_nn/matmul_nn.ts';
import { wideCases as wideNt } from '../../kernels/matmul_nt/matmul_nt.cases.ts';
import { matmulNtRef } from '../../kernels/matmul_nt/matmul_nt.ref.ts';
import { matmulNt } from '../../kernels/matmul_nt/matmul_nt.ts';
import { rowHalves, rowHalvesWords } from '../../kernels/row_halves/row_halves.ts';
import { packWeight, unpackWeight } from '../../src/formats/quantize.ts';
import type { WeightFormat } from '../../src/formats/quantize.ts';
import type { Gpu } from '../../src/gpu/gpu.ts';
import type { Launch } from '../../src/gpu/kernel.ts';
import { testValues } from './compare.ts';
import { testWeight } from './formats.ts';
import { runLaunches, type Numbers } from './launch.ts';

/** A product by subgroup matrices: y = x·Wᵀ (`nt`) or dx = dy·W (`nn`), W [outFeatures, inFeatures]. */
export interface MatrixProduct {
  readonly kernel: 'nt' | 'nn';
  readonly rows: number;
  readonly inFeatures: number;
  readonly outFeatures: number;
  readonly format: Exclude<WeightFormat, 'f32'>;
  readonly rank: number;
  readonly bias?: boolean;
  readonly added?: boolean;
  readonly accumulate?: boolean;
  readonly keep?: boolean;
  readonly alpha?: number;
  /** What x or dy is multiplied by: gradients are far below what f16 holds, some activations above. */
  readonly magnitude?: number;
}

const isHalves = <T extends { readonly format: WeightFormat }>(
  product: T,
): product is T & Pick<MatrixProduct, 'format'> => product.format !== 'f32';

/** Tiles that are whole and that reach past every edge, rows of whole sixteens and others, every reader, all that is added to a product. */
export const MATRIX_PRODUCTS: readonly MatrixProduct[] = [
  { kernel: 'nt', rows: 64, inFeatures: 64, outFeatures: 64, format: 'q4', rank: 0 },
  ...wideNt.filter(isHalves).map((product) => ({ kernel: 'nt' as const, ...product })),
  { kernel: 'nt', rows: 33, inFeatures: 48, outFeatures: 17, format: 'f16', rank: 0, magnitude: 1e-9 },
  { kernel: 'nt', rows: 5, inFeatures: 77, outFeatures: 35, format: 'q4', rank: 3, bias: true, added: true },
  { kernel: 'nt', rows: 9, inFeatures: 31, outFeatures: 18, format: 'q8', rank: 5, alpha: -0.5 },
  { kernel: 'nt', rows: 40, inFeatures: 33, outFeatures: 70, format: 'f16', rank: 1, magnitude: 1e6 },
  { kernel: 'nt', rows: 6, inFeatures: 1, outFeatures: 1, format: 'f16', rank: 34 },
  { kernel: 'nt', rows: 6, inFeatures: 300, outFeatures: 9, format: 'q6_k', rank: 0 },
  { kernel: 'nn', rows: 64, inFeatures: 64, outFeatures: 64, format: 'q4', rank: 0 },
  ...wideNn.filter(isHalves).map((product) => ({ kernel: 'nn' as const, ...product })),
  { kernel: 'nn', rows: 70, inFeatures: 144, outFeatures: 69, format: 'q8', rank: 0, magnitude: 1e-12 },
  { kernel: 'nn', rows: 33, inFeatures: 48, outFeatures: 31, format: 'f16', rank: 34 },
  { kernel: 'nn', rows: 5, inFeatures: 77, outFeatures: 18, format: 'q4', rank: 3 },
  { kernel: 'nn', rows: 9, inFeatures: 31, outFeatures: 33, format: 'q8', rank: 0, accumulate: true, keep: true },
  { kernel: 'nn', rows: 1, inFeatures: 1, outFeatures: 1, format: 'f16', rank: 0 },
  { kernel: 'nn', rows: 17, inFeatures: 33, outFeatures: 33, format: 'bf16', rank: 1 },
];

export const nameOf = ({ kernel, rows, inFeatures, outFeatures, format, rank, ...more }: MatrixProduct): string =>
  [
    `matmul_${kernel} ${rows} x ${kernel === 'nt' ? `${inFeatures} -> ${outFeatures}` : `${outFeatures} -> ${inFeatures}`}`,
    format,
    ...(rank > 0 ? [`rank ${rank}`] : []),
    ...Object.entries(more)
      .filter(([, value]) => value !== false)
      .map(([name, value]) => (value === true ? name : `${name} ${String(value)}`)),
  ].join(', ');

const LORA_SCALE = 0.7;
/**
 * Both factors of a product are rounded to f16, each by at most 2^-11 of itself, or 2^-10 where an adapter truncates; no value of
 * these tests is below its smallest normal number. Sums are f32.
 */
const HALVES = 2 * 2 ** -11 + 2 ** -22;
const SUMS = 8 * 2 ** -24;

interface Prepared {
  readonly launches: readonly [halves: Launch, product: Launch];
  readonly buffers: Readonly<Record<string, Numbers>>;
  readonly output: 'y' | 'dx';
  readonly expected: Float64Array;
  /** How far each output may be off. */
  readonly bounds: Float64Array;
}

/** Launches, operands, and the result in f64. */
export function prepareProduct(gpu: Gpu, product: MatrixProduct): Prepared {
  const { matrices } = gpu.profile;
  if (matrices === undefined) throw new Error('the device was not opened for subgroup matrices');
  const { kernel, rows, inFeatures, outFeatures, format, rank, alpha = 1, magnitude = 1 } = product;
  const { bias = false, added = false, accumulate = false, keep = false } = product;
  const isForward = kernel === 'nt';
  const [reduced, columns] = isForward ? [inFeatures, outFeatures] : [outFeatures, inFeatures];
  const [stride, offset] = isForward ? [columns + 7, 3] : [columns, 0];
  const [fromStride, fromOffset] = isForward ? [reduced, 0] : [reduced + 7, 3];
  const packed = testWeight(format, outFeatures, inFeatures, 1);
  const from = testValues(rows * fromStride, 2).map((value) => value * magnitude);
  const own = Float64Array.from(
    { length: rows * reduced },
    (_, at) => from[Math.floor(at / reduced) * fromStride + fromOffset + (at % reduced)] ?? 0,
  );
  const w = Float64Array.from(unpackWeight(packed));
  const h = testValues(rows * rank, 3);
  // B has a row for each output, A one for each of R: of the whole layer.
  const seam = testValues(isForward ? (offset + columns) * rank : rank * columns, 4);
  const [biases, extra] = [testValues(offset + columns, 5), testValues(rows * stride, 6)];
  const [before, factors] = [testValues(rows * stride, 7), testValues(rows, 8)];
  const absolute = (values: Float64Array): Float64Array => values.map(Math.abs);
  const dense = (a: Float64Array, b: Float64Array, scale: number): Float64Array =>
    isForward ? matmulNtRef(a, b, rows, reduced, columns, scale) : matmulNnRef(a, b, rows, reduced, columns, scale);
  const branchOf = (a: Float64Array, b: Float64Array): Float64Array =>
    isForward
      ? matmulNtRef(a, b.subarray(offset * rank), rows, rank, columns, LORA_SCALE)
      : matmulNnRef(a, b, rows, rank, columns, LORA_SCALE);
  const sum = dense(own, w, alpha);
  const magnitudes = dense(absolute(own), absolute(w), Math.abs(alpha));
  const [h64, seam64] = [Float64Array.from(h), Float64Array.from(seam)];
  const branch = branchOf(h64, seam64);
  const branchMagnitudes = branchOf(absolute(h64), absolute(seam64));
  const expected = Float64Array.from(before);
  const bounds = new Float64Array(before.length);
  for (let n = 0; n < rows; n += 1) {
    for (let c = 0; c < columns; c += 1) {
      const at = n * stride + offset + c;
      const i = n * columns + c;
      const kept = accumulate ? (keep ? (factors[n] ?? 0) : 1) * (before[at] ?? 0) : 0;
      const others = (bias ? (biases[offset + c] ?? 0) : 0) + (added ? (extra[at] ?? 0) : 0) + kept;
      expected[at] = (sum[i] ?? 0) + (branch[i] ?? 0) + others;
      const terms = (magnitudes[i] ?? 0) + (branchMagnitudes[i] ?? 0) + Math.abs(others);
      bounds[at] = HALVES * (magnitudes[i] ?? 0) + SUMS * terms;
    }
  }
  const shape = { rows, inFeatures, outFeatures, format, rank, loraScale: LORA_SCALE, alpha, matrices } as const;
  const launch = isForward
    ? matmulNt({ ...shape, outStride: stride, outOffset: offset, bias, added, accumulate, variant: 'workgroup' })
    : matmulNn({ ...shape, dyStride: fromStride, dyOffset: fromOffset, accumulate, keep, variant: 'workgroup' });
  const ofSeam = new Float32Array(
    packWeight(seam, isForward ? offset + columns : rank, isForward ? rank : columns, 'f32').codes.buffer,
  );
  const output = isForward ? 'y' : 'dx';
  const buffers: Record<string, Numbers> = {
    x: from,
    halves: new Uint32Array(rows * rowHalvesWords(reduced)),
    w_codes: packed.codes,
    w_scales: packed.scales,
    bias: biases,
    added: extra,
    keep: factors,
    ...(isForward ? { h, lora_b: ofSeam } : { dh: h, lora_a: ofSeam }),
    [output]: before,
  };
  const bound = ['x', 'halves', ...launch.operands];
  return {
    launches: [rowHalves({ rows, cols: reduced, stride: fromStride, offset: fromOffset }), launch],
    buffers: Object.fromEntries(Object.entries(buffers).filter(([name]) => bound.includes(name))),
    output,
    expected,
    bounds,
  };
}

/** Runs a product. @param change of the operands, e.g. a value that is not finite */
export async function runProduct(
  gpu: Gpu,
  { launches, buffers, output }: Prepared,
  change: Readonly<Record<string, Numbers>> = {},
): Promise<Float32Array> {
  // As if one grid dimension held half of the workgroups only.
  const folded = launches.map((launch) => ({
    ...launch,
    workgroups: [Math.ceil(launch.workgroups[0] / 2), 2, 1] as const,
  }));
  const results = await runLaunches(gpu, folded, { ...buffers, ...change }, [{}, { row_halves: 'halves' }]);
  return Float32Array.from(results[output] ?? []);
}

/** The largest share of its bound that an output is off by: 1 or less is right; outputs of other parts may not change at all. */
export async function productError(gpu: Gpu, product: MatrixProduct): Promise<number> {
  const prepared = prepareProduct(gpu, product);
  const { expected, bounds } = prepared;
  const got = await runProduct(gpu, prepared);
  let worst = 0;
  expected.forEach((wanted, at) => {
    const off = Math.abs((got[at] ?? Number.NaN) - wanted);
    const bound = bounds[at] ?? 0;
    const share = bound === 0 ? (off === 0 ? 0 : Infinity) : off / bound;
    if (!(share <= worst)) worst = share;
  });
  return worst;
}
