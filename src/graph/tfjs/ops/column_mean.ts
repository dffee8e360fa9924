import type { ColumnMeanNode } from '../../ops/column_mean.ts';
import type { TfjsOp } from '../pass.ts';

export const columnMean: TfjsOp<ColumnMeanNode> = ({ weight, mean }, pass) => {
  pass.set(mean, pass.tf.mean(pass.valueOf(weight), 0));
};
