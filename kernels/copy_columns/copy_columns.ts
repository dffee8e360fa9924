import { foldGrid, type Launch } from '../../src/gpu/kernel.ts';
import { defineVectorKernel, vectorWidth } from '../_lib/vector.ts';
import wgsl from './copy_columns.wgsl?raw';

const kernels = defineVectorKernel('copy_columns', wgsl);
const WG = 64;

/** Where a block of columns lies in a matrix. */
export interface ColumnBlock {
  /** Columns of the whole matrix. */
  readonly stride: number;
  /** First column of the block. */
  readonly offset: number;
}

export interface CopyColumnsArgs {
  /** N */
  readonly rows: number;
  /** Columns of the block. */
  readonly cols: number;
  readonly from: ColumnBlock;
  readonly to: ColumnBlock;
}

/**
 * y[:, to : to + cols] = x[:, from : from + cols]; other columns of y stay as they are.
 * Operands: x [N, from.stride] -> y [N, to.stride].
 */
export function copyColumns({ rows, cols, from, to }: CopyColumnsArgs): Launch {
  const lengths = [cols, from.stride, from.offset, to.stride, to.offset];
  const width = Math.min(...lengths.map(vectorWidth)) as 1 | 2 | 4;
  return {
    kernel: kernels[width],
    entry: 'copy',
    overrides: { WG },
    params: {
      rows,
      cols: cols / width,
      x_stride: from.stride / width,
      x_offset: from.offset / width,
      y_stride: to.stride / width,
      y_offset: to.offset / width,
    },
    operands: ['x', 'y'],
    workgroups: foldGrid(Math.ceil((rows * cols) / width / WG)),
    flops: rows * cols,
  };
}
