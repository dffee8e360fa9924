import type { RotaryNode } from '../../ops/rotary.ts';
import type { Tensor } from '../../tensor.ts';
import type { TfTensor } from '../library.ts';
import type { TfjsOp } from '../pass.ts';

export const rotary: TfjsOp<RotaryNode> = (node, pass) => {
  const { tf } = pass;
  const { heads, headDim, rotaryDim, inverse, positions } = node;
  const half = rotaryDim / 2;
  const { rows } = node.x;
  const table = (of: Tensor): TfTensor =>
    pass.once(`rotary/${of.id}/${positions.id}/${heads}`, () =>
      tf.tile(tf.reshape(tf.gather(pass.valueOf(of), pass.indices(positions)), [rows, 1, half]), [1, heads, 1]),
    );
  const cos = table(node.cos);
  const sin = inverse ? tf.neg(table(node.sin)) : table(node.sin);
  const x = tf.reshape(pass.valueOf(node.x), [rows, heads, headDim]);
  const a = tf.slice(x, [0, 0, 0], [-1, -1, half]);
  const b = tf.slice(x, [0, 0, half], [-1, -1, half]);
  const parts: TfTensor[] = [tf.sub(tf.mul(a, cos), tf.mul(b, sin)), tf.add(tf.mul(b, cos), tf.mul(a, sin))];
  if (rotaryDim < headDim) parts.push(tf.slice(x, [0, 0, rotaryDim], [-1, -1, headDim - rotaryDim]));
  pass.set(node.y, tf.reshape(tf.concat(parts, 2), [rows, heads * headDim]));
};
