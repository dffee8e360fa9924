import type { LayerNormNode } from '../../ops/layer_norm.ts';
import type { TfjsOp } from '../pass.ts';

export const layerNorm: TfjsOp<LayerNormNode> = (node, pass) => {
  const { tf } = pass;
  const { cols } = node.x;
  const x = pass.valueOf(node.x);
  const centred = tf.sub(x, pass.repeat(tf.mean(x, -1, true), cols));
  const rstd = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), node.eps));
  const normed = tf.mul(centred, pass.repeat(rstd, cols));
  pass.set(node.y, tf.add(tf.mul(normed, pass.valueOf(node.weight)), pass.valueOf(node.bias)));
};
