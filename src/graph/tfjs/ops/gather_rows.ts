import type { GatherRowsNode } from '../../ops/gather_rows.ts';
import type { TfjsOp } from '../pass.ts';

export const gatherRows: TfjsOp<GatherRowsNode> = ({ x, step, rows, y }, pass) => {
  const { tf } = pass;
  const wanted = tf.tensor1d(Int32Array.from(pass.labelled(step, rows)), 'int32');
  pass.set(y, tf.gather(pass.valueOf(x), wanted));
};
