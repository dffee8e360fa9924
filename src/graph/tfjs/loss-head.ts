import { safeTanh } from './attention.ts';
import type { Tf, TfTensor } from './library.ts';

export interface HeadOptions {
  readonly logitScale: number;
  readonly softCap: number;
}

export interface LossOptions extends HeadOptions {
  /** Share of the label's probability that is spread over all of the vocabulary. */
  readonly smoothing: number;
}

/** Logits of x [M, C] under the frozen head [V, C], scaled and capped: [M, V]. */
export function headLogits(tf: Tf, x: TfTensor, weight: TfTensor, options: HeadOptions): TfTensor {
  return capped(tf, tf.matMul(x, weight, false, true), options);
}

function capped(tf: Tf, raw: TfTensor, { logitScale, softCap }: HeadOptions): TfTensor {
  const scaled = logitScale === 1 ? raw : tf.mul(raw, logitScale);
  return softCap > 0 ? tf.mul(safeTanh(tf, tf.div(scaled, softCap)), softCap) : scaled;
}

/**
 * Loss of each row of x [M, C]: [M], in nats. The label's own logit is its row's product with one row of the head, so no
 * [M, V] table of ones and zeros is made.
 */
export function rowLosses(tf: Tf, x: TfTensor, weight: TfTensor, labels: Uint32Array, options: LossOptions): TfTensor {
  const wanted = tf.gather(weight, tf.tensor1d(Int32Array.from(labels), 'int32'));
  const logits = headLogits(tf, x, weight, options);
  const ofLabel = capped(tf, tf.sum(tf.mul(x, wanted), 1), options);
  const { smoothing } = options;
  const aimed =
    smoothing === 0 ? ofLabel : tf.add(tf.mul(ofLabel, 1 - smoothing), tf.mul(tf.mean(logits, 1), smoothing));
  return tf.sub(tf.logSumExp(logits, 1), aimed);
}

/** As `rowLosses`, for as many rows at a time as `chunkRows` says; without a tape, one chunk's logits exist at a time. */
export function chunkedRowLosses(
  tf: Tf,
  x: TfTensor,
  weight: TfTensor,
  labels: Uint32Array,
  options: LossOptions & { readonly chunkRows: number },
): TfTensor {
  const { chunkRows } = options;
  if (labels.length === 0) return tf.zeros([0]);
  if (labels.length <= chunkRows) return rowLosses(tf, x, weight, labels, options);
  const chunks: TfTensor[] = [];
  for (let first = 0; first < labels.length; first += chunkRows) {
    const part = labels.subarray(first, first + chunkRows);
    chunks.push(tf.tidy(() => rowLosses(tf, tf.slice(x, [first, 0], [part.length, -1]), weight, part, options)));
  }
  return tf.concat(chunks, 0);
}

/**
 * x's rows in ascending order as runs of neighbours: labelled rows nearly always are, and tfjs differentiates a slice
 * in one pass but a gather in one pass per row.
 */
export function gatherRuns(tf: Tf, x: TfTensor, rows: Uint32Array): TfTensor {
  const runs: TfTensor[] = [];
  for (let i = 0; i < rows.length;) {
    const first = rows[i] ?? 0;
    let length = 1;
    while (rows[i + length] === first + length) length += 1;
    runs.push(first === 0 && length === x.shape[0] ? x : tf.slice(x, [first, 0], [length, -1]));
    i += length;
  }
  const [only] = runs;
  if (only === undefined) return tf.zeros([0, x.shape[1] ?? 0]);
  return runs.length === 1 ? only : tf.concat(runs, 0);
}
