import type { GeluNode } from '../../ops/gelu.ts';
import { safeTanh } from '../attention.ts';
import type { Tf, TfTensor } from '../library.ts';
import type { TfjsOp } from '../pass.ts';

export const gelu: TfjsOp<GeluNode> = ({ x, y }, pass) => {
  pass.set(y, geluTanh(pass.tf, pass.valueOf(x)));
};

/** Hendrycks & Gimpel 2016, arXiv:1606.08415, in its tanh form: 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))). */
export function geluTanh(tf: Tf, x: TfTensor): TfTensor {
  const inner = tf.mul(tf.add(x, tf.mul(tf.mul(tf.square(x), x), 0.044715)), Math.sqrt(2 / Math.PI));
  return tf.mul(tf.mul(x, 0.5), tf.add(safeTanh(tf, inner), 1));
}
