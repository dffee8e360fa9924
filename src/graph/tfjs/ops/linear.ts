import type { LinearNode } from '../../ops/linear.ts';
import type { TfTensor } from '../library.ts';
import type { TfjsOp } from '../pass.ts';

export const linear: TfjsOp<LinearNode> = ({ x, weight, bias, loraInput, loraA, loraB, loraScale, y }, pass) => {
  const { tf } = pass;
  let value: TfTensor = tf.matMul(pass.valueOf(x), pass.valueOf(weight), false, true);
  if (bias !== undefined) value = tf.add(value, pass.valueOf(bias));
  if (loraInput !== undefined && loraA !== undefined && loraB !== undefined) {
    const h = tf.matMul(pass.valueOf(loraInput), pass.valueOf(loraA), false, true);
    value = tf.add(value, tf.mul(tf.matMul(h, pass.valueOf(loraB), false, true), loraScale));
  }
  pass.set(y, value);
};
