import type { SplitColumnsNode } from '../../ops/split_columns.ts';
import type { TfjsOp } from '../pass.ts';

export const splitColumns: TfjsOp<SplitColumnsNode> = ({ x, parts }, pass) => {
  const widths = parts.map((part) => part.cols);
  pass.tf.split(pass.valueOf(x), widths, 1).forEach((value, i) => {
    const part = parts[i];
    if (part !== undefined) pass.set(part, value);
  });
};
