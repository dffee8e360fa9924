import { defineKernel, foldGrid, type Launch } from '../../src/gpu/kernel.ts';
import wgsl from './row_halves.wgsl?raw';

const kernel = defineKernel('row_halves', wgsl);

/** Values that a row's halves are padded to a multiple of with zeros: a step along the reduction of _lib/matrix_tiles.wgsl. */
const STEP = 32;
/** Words behind a row's halves: its factor, and zeros up to the next vec4u. */
const FACTOR_WORDS = 4;

/** Words of a row of so many values. */
export function rowHalvesWords(cols: number): number {
  return (Math.ceil(cols / STEP) * STEP) / 2 + FACTOR_WORDS;
}

export interface RowHalvesArgs {
  /** N */
  readonly rows: number;
  /** C */
  readonly cols: number;
  /** Length of a row of x. */
  readonly stride: number;
  /** First column of x that is read. */
  readonly offset: number;
}

/** Rows as f16, scaled by a power of two each. Operands: x [N, stride] -> halves u32 [N, rowHalvesWords(C)]. */
export function rowHalves({ rows, cols, stride, offset }: RowHalvesArgs): Launch {
  return {
    kernel,
    entry: 'pack',
    overrides: {},
    params: { rows, cols, stride, offset, row_words: rowHalvesWords(cols) },
    operands: ['x', 'halves'],
    workgroups: foldGrid(rows),
    flops: rows * cols,
  };
}
