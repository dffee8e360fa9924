/** f64 reference of kernels/adamw; imports nothing, so that it is independent of the kernel. */
export interface AdamwState {
  readonly param: Float64Array;
  readonly m: Float64Array;
  readonly v: Float64Array;
}

export interface AdamwRefArgs {
  readonly lr: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  readonly weightDecay: number;
  /** Factor on the gradient: 1 / tokens times the clip coefficient. */
  readonly factor: number;
  /** Number of this update, counted from 1. */
  readonly update: number;
}

/** One update in place, in the order of torch.optim.AdamW. */
export function adamwRef({ param, m, v }: AdamwState, grad: ArrayLike<number>, args: AdamwRefArgs): void {
  const { lr, beta1, beta2, eps, weightDecay, factor, update } = args;
  const stepSize = lr / (1 - beta1 ** update);
  const correction = Math.sqrt(1 - beta2 ** update);
  for (let i = 0; i < param.length; i += 1) {
    const g = (grad[i] ?? Number.NaN) * factor;
    const first = beta1 * (m[i] ?? Number.NaN) + (1 - beta1) * g;
    const second = beta2 * (v[i] ?? Number.NaN) + (1 - beta2) * g * g;
    m[i] = first;
    v[i] = second;
    const decayed = (param[i] ?? Number.NaN) * (1 - lr * weightDecay);
    param[i] = decayed - (stepSize * first) / (Math.sqrt(second) / correction + eps);
  }
}
