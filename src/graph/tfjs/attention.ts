import type { AttentionShape } from '../ops/attention.ts';
import type { Tf, TfTensor } from './library.ts';

/** Added to the score of a key that must not be seen: e^-1e30 is 0, and no score is anywhere near. */
const HIDDEN = -1e30;

/** tanh whose argument stays where every backend's is finite; past 15 the result is 1 in f32. */
export function safeTanh(tf: Tf, x: TfTensor): TfTensor {
  return tf.tanh(tf.clipByValue(x, -15, 15));
}

/**
 * Grouped-query attention of T query rows over S keys.
 * @param q [T, H·D]
 * @param k [S, K·D], as v
 * @param mask [T, S], added to the scores; none: every key is seen
 * @returns [T, H·D]
 */
export function attend(
  tf: Tf,
  q: TfTensor,
  k: TfTensor,
  v: TfTensor,
  shape: AttentionShape,
  mask: TfTensor | undefined,
): TfTensor {
  const { heads, kvHeads, headDim, scale, softCap } = shape;
  const [queries = 0] = q.shape;
  const [keys = 0] = k.shape;
  const group = heads / kvHeads;
  const perKvHead = (x: TfTensor): TfTensor => tf.transpose(tf.reshape(x, [keys, kvHeads, headDim]), [1, 0, 2]); // [K, S, D]
  const grouped = tf.reshape(tf.transpose(tf.reshape(q, [queries, kvHeads, group, headDim]), [1, 2, 0, 3]), [
    kvHeads,
    group * queries,
    headDim,
  ]);
  let scores: TfTensor = tf.mul(tf.matMul(grouped, perKvHead(k), false, true), scale); // [K, G·T, S]
  if (softCap !== undefined && softCap > 0) scores = tf.mul(safeTanh(tf, tf.div(scores, softCap)), softCap);
  const perHead = tf.reshape(scores, [heads, queries, keys]);
  const weights = tf.softmax(mask === undefined ? perHead : tf.add(perHead, mask));
  const mixed = tf.matMul(tf.reshape(weights, [kvHeads, group * queries, keys]), perKvHead(v)); // [K, G·T, D]
  return tf.reshape(tf.transpose(tf.reshape(mixed, [kvHeads, group, queries, headDim]), [2, 0, 1, 3]), [
    queries,
    heads * headDim,
  ]);
}

/** Row i stands at position `past + i` and sees its own position and earlier ones, within the window: [rows, past + rows]. */
export function causalMask(tf: Tf, past: number, rows: number, window: number | undefined): TfTensor | undefined {
  const keys = past + rows;
  const reach = window === undefined || window <= 0 ? keys : window;
  if (rows === 1 && reach >= keys) return undefined;
  const mask = new Float32Array(rows * keys);
  for (let i = 0; i < rows; i += 1) {
    const self = past + i;
    for (let j = 0; j < keys; j += 1) if (j > self || self - j >= reach) mask[i * keys + j] = HIDDEN;
  }
  return tf.tensor2d(mask, [rows, keys]);
}
