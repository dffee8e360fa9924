/** log σ(x), without overflow. */
export function logSigmoid(x: number): number {
  return Math.min(0, x) - Math.log1p(Math.exp(-Math.abs(x)));
}

/** σ(x) = 1 / (1 + e^-x), without overflow. */
export function sigmoid(x: number): number {
  return Math.exp(logSigmoid(x));
}

/**
 * The sigmoid loss of a margin h whose sign is wrong with probability ε, and its derivative:
 * -(1 - ε) log σ(h) - ε log σ(-h). Mitchell 2023, "A note on DPO with noisy preferences & relationship to IPO", which calls it
 * conservative DPO.
 */
export function smoothedSigmoidLoss(h: number, epsilon: number): { readonly loss: number; readonly slope: number } {
  return {
    loss: -(1 - epsilon) * logSigmoid(h) - epsilon * logSigmoid(-h),
    slope: -(1 - epsilon) * sigmoid(-h) + epsilon * sigmoid(h),
  };
}
