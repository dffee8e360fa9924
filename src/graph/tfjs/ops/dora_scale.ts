import type { DoraScaleNode } from '../../ops/dora_scale.ts';
import type { TfTensor } from '../library.ts';
import type { TfjsOp } from '../pass.ts';

export const doraScale: TfjsOp<DoraScaleNode> = (node, pass) => {
  const { tf } = pass;
  const weight = pass.valueOf(node.weight);
  const rowNorms = (matrix: TfTensor): TfTensor => tf.norm(matrix, 'euclidean', 1);
  // The norm is a constant of the gradient: what the tape sees of A and B has no derivative.
  const inverseNorm = tf.customGrad((...inputs) => {
    const [a, b] = inputs as unknown as [TfTensor, TfTensor];
    const norms = rowNorms(tf.add(weight, tf.mul(tf.matMul(b, a), node.scale)));
    return {
      value: tf.divNoNan(tf.onesLike(norms), norms),
      gradFunc: () => [tf.zerosLike(a), tf.zerosLike(b)],
    };
  })(pass.valueOf(node.loraA), pass.valueOf(node.loraB));
  const magnitude = tf.mul(tf.reshape(pass.valueOf(node.magnitude), [-1]), node.share);
  const length = node.share === 1 ? magnitude : tf.add(tf.mul(rowNorms(weight), 1 - node.share), magnitude);
  pass.set(node.inverseNorm, inverseNorm);
  pass.set(node.factor, tf.mul(length, inverseNorm));
};
