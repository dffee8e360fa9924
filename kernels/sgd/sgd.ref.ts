/** f64 reference of kernels/sgd; imports nothing, so that it is independent of the kernel. */
export interface SgdRefArgs {
  readonly lr: number;
  readonly weightDecay: number;
  readonly momentum: number;
  /** Factor on the gradient: 1 / tokens times the clip coefficient. */
  readonly factor: number;
}

/** One update in place, as torch.optim.SGD: coupled decay, velocity (when given) starting at zero. */
export function sgdRef(
  param: Float64Array,
  velocity: Float64Array | undefined,
  grad: ArrayLike<number>,
  { lr, weightDecay, momentum, factor }: SgdRefArgs,
): void {
  for (let i = 0; i < param.length; i += 1) {
    const before = param[i] ?? Number.NaN;
    let direction = (grad[i] ?? Number.NaN) * factor + weightDecay * before;
    if (velocity !== undefined) {
      direction += momentum * (velocity[i] ?? Number.NaN);
      velocity[i] = direction;
    }
    param[i] = before - lr * direction;
  }
}
