import type { RmsNormNode } from '../../ops/rms_norm.ts';
import type { TfjsOp } from '../pass.ts';

export const rmsNorm: TfjsOp<RmsNormNode> = (node, pass) => {
  const { tf } = pass;
  const cols = node.weight.elems;
  const x = tf.reshape(pass.valueOf(node.x), [node.x.elems / cols, cols]);
  const own = pass.valueOf(node.weight);
  const weight = node.weightOffset === 0 ? own : tf.add(own, node.weightOffset);
  const rstd = tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), node.eps));
  pass.set(node.y, tf.reshape(tf.mul(tf.mul(x, pass.repeat(rstd, cols)), weight), [...node.y.shape]));
};
