import type { Hyper } from '../../kernels/squared_norm/hyper.ts';
import { WebLoraError } from '../errors.ts';
import type { Tf, TfTensor } from '../graph/tfjs/library.ts';

/** The decision of one update, as tensors: nothing is read back before it is applied. */
export interface Gate {
  /** Global L2 norm of the mean gradient, before clipping. */
  readonly norm: TfTensor;
  /** What gradient sums are multiplied by: 1 / tokens and the clip coefficient. */
  readonly factor: TfTensor;
  /** False once a norm was not finite. */
  readonly ok: TfTensor;
}

export interface ParamState {
  readonly value: TfTensor;
  readonly gradient: TfTensor;
  readonly moments: readonly TfTensor[];
  readonly lrScale: number;
  readonly weightDecay: number;
}

/** The largest finite f32. */
const LARGEST = 3.4028234663852886e38;

/** Norm, clip factor and finiteness of an optimizer step, as torch.nn.utils.clip_grad_norm_ has them. */
export function gate(tf: Tf, gradients: readonly TfTensor[], ok: TfTensor, { invTokens, maxNorm }: Hyper): Gate {
  const squares = gradients.map((gradient) => tf.sum(tf.square(gradient)));
  // Stacked: tf.addN binds every addend at once, which WebGPU refuses from some ten on.
  const norm = tf.mul(tf.sqrt(tf.sum(tf.stack(squares))), invTokens);
  const factor =
    maxNorm > 0 ? tf.mul(tf.minimum(tf.div(maxNorm, tf.add(norm, 1e-6)), 1), invTokens) : tf.scalar(invTokens);
  return { norm, factor, ok: tf.logicalAnd(ok, tf.lessEqual(norm, LARGEST)) };
}

/** Decay towards the parameters before the first update: Li, Grandvalet & Davoine 2018, arXiv:1802.01483, decoupled. */
export function pullToStart(
  tf: Tf,
  { value, start, lrScale }: Pick<ParamState, 'value' | 'lrScale'> & { readonly start: TfTensor },
  { ok }: Gate,
  { lr }: Hyper,
  decay: number,
): TfTensor {
  return tf.where(ok, tf.add(value, tf.mul(tf.sub(start, value), lr * lrScale * decay)), value);
}

/** Loshchilov & Hutter 2019, arXiv:1711.05101; order and eps as in torch.optim.AdamW. */
export function adamwStep(
  tf: Tf,
  { value, gradient, moments, lrScale, weightDecay }: ParamState,
  { factor, ok }: Gate,
  { lr, beta1, beta2, eps, update }: Hyper,
): { value: TfTensor; moments: readonly TfTensor[] } {
  const [m, v] = moments;
  if (m === undefined || v === undefined) throw new WebLoraError('internal', 'AdamW needs two moments');
  const rate = lr * lrScale;
  const g = tf.mul(gradient, factor);
  const first = tf.add(m, tf.mul(tf.sub(g, m), 1 - beta1));
  const second = tf.add(v, tf.mul(tf.sub(tf.square(g), v), 1 - beta2));
  const deviation = tf.add(tf.sqrt(tf.div(second, 1 - beta2 ** update)), eps);
  const direction = tf.div(tf.div(first, 1 - beta1 ** update), deviation);
  const moved = tf.sub(tf.mul(value, 1 - rate * weightDecay), tf.mul(direction, rate));
  return { value: tf.where(ok, moved, value), moments: [tf.where(ok, first, m), tf.where(ok, second, v)] };
}

/** As torch.optim.SGD without momentum: weight decay is part of the gradient. */
export function sgdStep(
  tf: Tf,
  { value, gradient, lrScale, weightDecay }: ParamState,
  { factor, ok }: Gate,
  { lr }: Hyper,
): { value: TfTensor; moments: readonly TfTensor[] } {
  const direction = tf.add(tf.mul(gradient, factor), tf.mul(value, weightDecay));
  return { value: tf.where(ok, tf.sub(value, tf.mul(direction, lr * lrScale)), value), moments: [] };
}
