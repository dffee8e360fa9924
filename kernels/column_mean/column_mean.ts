import type { WeightFormat } from '../../src/formats/quantize.ts';
import { foldGrid, type Launch } from '../../src/gpu/kernel.ts';
import { defineWeightKernel, readWeight } from '../_lib/weight.ts';
import wgsl from './column_mean.wgsl?raw';

const kernels = defineWeightKernel('column_mean', wgsl);

/** Rows of W whose sums one invocation computes, as in the source. */
const CHUNK = 1024;

/** Rows of `sums` that so many rows of W need. */
export function columnChunks(rows: number): number {
  return Math.ceil(rows / CHUNK);
}

export interface ColumnSumsArgs {
  /** Rows of this part of W. */
  readonly rows: number;
  /** C */
  readonly cols: number;
  readonly format: WeightFormat;
}

/**
 * Sums of columns over chunks of rows of a part of W.
 * Operands: w_codes, w_scales (but for floats) -> sums [columnChunks(rows), C].
 */
export function columnSums({ rows, cols, format }: ColumnSumsArgs): Launch {
  const weight = readWeight(kernels, format, cols);
  const chunks = columnChunks(rows);
  return {
    kernel: weight.kernel,
    entry: 'partial',
    overrides: weight.overrides,
    params: { ...weight.params, rows, cols, chunks, factor: 0 },
    operands: [...weight.operands, 'sums'],
    workgroups: foldGrid(Math.ceil((chunks * Math.ceil(cols / 4)) / 64)),
    flops: rows * cols,
  };
}

export interface ColumnMeanArgs {
  /** Rows of the part whose sums are there. */
  readonly rows: number;
  /** V: rows of all parts. */
  readonly of: number;
  /** C */
  readonly cols: number;
  /** mean += instead of mean =, of every part but the first. */
  readonly accumulate: boolean;
}

/** mean[c] = Σ over chunks of sums[k, c] / V. Operands: sums [columnChunks(rows), C] -> mean [C]. */
export function columnMean({ rows, of, cols, accumulate }: ColumnMeanArgs): Launch {
  const { kernel, overrides, params } = readWeight(kernels, 'f32', cols);
  const chunks = columnChunks(rows);
  return {
    kernel,
    entry: 'finish',
    overrides: { ...overrides, ACCUMULATE: accumulate ? 1 : 0 },
    params: { ...params, rows, cols, chunks, factor: 1 / of },
    operands: ['sums', 'mean'],
    workgroups: foldGrid(Math.ceil(cols / 64)),
    flops: chunks * cols,
  };
}
