import { columnChunks, columnMean as columnMeanKernel, columnSums } from '../../../kernels/column_mean/column_mean.ts';
import type { ForwardOp, GraphBuilder } from '../op.ts';
import type { Tensor } from '../tensor.ts';
import { weightOperands } from './_lib/weight.ts';

/** mean[c] = the mean of column c of a frozen weight, stored until parameters change, which it does not depend on. */
export interface ColumnMeanNode {
  readonly op: 'column_mean';
  /** [V, C] */
  readonly weight: Tensor;
  /** Of chunks of a part's rows, needed on the way; role `derived` */
  readonly sums: Tensor;
  /** [C], role `derived` */
  readonly mean: Tensor;
}

declare module '../op.ts' {
  interface ForwardNodes {
    column_mean: ColumnMeanNode;
  }
}

/** The mean row of a weight: [C]. */
export function columnMean(g: GraphBuilder, weight: Tensor): Tensor {
  const derived = (name: string, shape: readonly number[]): Tensor =>
    g.tensor({ name: `${weight.name}.${name}`, shape, role: 'derived' });
  const sums = derived('column_sums', [columnChunks(weight.rows), weight.cols]);
  const mean = derived('column_mean', [weight.cols]);
  g.pushPerUpdate({ op: 'column_mean', weight, sums, mean });
  return mean;
}

export const columnMeanOp: ForwardOp<ColumnMeanNode> = {
  writes: ['sums', 'mean'],
  // Of a frozen weight.
  gradient: () => undefined,
  lower({ weight, sums, mean }, { parts, launch }) {
    for (const part of parts(weight)) {
      const shape = { rows: part.rows, cols: weight.cols };
      launch(columnSums({ ...shape, format: weight.format ?? 'f32' }), { ...weightOperands(weight, part), sums });
      launch(columnMeanKernel({ ...shape, of: weight.rows, accumulate: part.firstRow > 0 }), { sums, mean });
    }
  },
};
