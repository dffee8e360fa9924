import type { DropoutNode } from '../../ops/dropout.ts';
import { dropoutMask } from '../dropout-mask.ts';
import type { TfjsOp } from '../pass.ts';

export const dropout: TfjsOp<DropoutNode> = ({ x, step, p, nodeId, y }, pass) => {
  const { tf } = pass;
  const [low = 0, high = 0] = pass.wordsOf(step);
  const mask = tf.tensor(dropoutMask(x.elems, p, nodeId, { low, high }), [...x.shape]);
  pass.set(y, tf.mul(pass.valueOf(x), mask));
};
