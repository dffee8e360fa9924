import type { WeightFormat } from '../../src/formats/quantize.ts';
import { foldGrid, type Launch } from '../../src/gpu/kernel.ts';
import { defineWeightKernel, readWeight } from '../_lib/weight.ts';
import wgsl from './embedding.wgsl?raw';

const kernels = defineWeightKernel('embedding', wgsl);

export interface EmbeddingArgs {
  /** N: tokens */
  readonly rows: number;
  /** C */
  readonly cols: number;
  /** First table row of this part; 0 for an unsplit table. */
  readonly rowOffset: number;
  /** Table rows of this part. */
  readonly partRows: number;
  readonly format: WeightFormat;
  /** Factor on the embedding; 1 for Llama. */
  readonly scale: number;
}

/**
 * y[n] = scale · W[token[n]] for the tokens of this part of the table; other rows of y stay as they are.
 * Operands: tokens [N] u32, w_codes, w_scales (but for floats) -> y [N, C].
 */
export function embedding({ rows, cols, rowOffset, partRows, format, scale }: EmbeddingArgs): Launch {
  const weight = readWeight(kernels, format, cols);
  return {
    kernel: weight.kernel,
    entry: 'forward',
    overrides: weight.overrides,
    params: { ...weight.params, rows, cols, row_offset: rowOffset, part_rows: partRows, scale },
    operands: ['tokens', ...weight.operands, 'y'],
    workgroups: foldGrid(Math.ceil((rows * Math.ceil(cols / 4)) / 64)),
    flops: rows * cols,
  };
}
