/** Floats of the `hyper` buffer, which the host writes once per update. */
export const HYPER_FLOATS = 12;

/** 32-bit words of the `scalars` buffer: [0] grad_norm f32, [1] factor f32, [2] ok u32, [3] unused. */
export const SCALARS_WORDS = 4;

/** What the host writes into `scalars` before the first update, and to clear the sticky non-finite flag. */
export const SCALARS_RESET: readonly number[] = [0, 0, 1, 0];

export interface Hyper {
  /** 1 / scored tokens of the whole optimizer step: gradient buffers hold sums. */
  readonly invTokens: number;
  /** Largest norm of the mean gradient; 0: no clipping. */
  readonly maxNorm: number;
  readonly lr: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  /** Number of this update, counted from 1. */
  readonly update: number;
  /** SGD only. */
  readonly momentum?: number;
}

/**
 * The `hyper` buffer of squared_norm, adamw and sgd. Everything that is one minus something is computed here in f64:
 * 1 - 0.999 in f32 is off by 1.3e-5.
 */
export function packHyper({ invTokens, maxNorm, lr, beta1, beta2, eps, update, momentum = 0 }: Hyper): Float32Array {
  return Float32Array.of(
    invTokens,
    maxNorm,
    lr,
    beta1,
    beta2,
    eps,
    1 - beta1 ** update,
    1 - beta2 ** update,
    momentum,
    1 - beta1,
    1 - beta2,
    0,
  );
}
