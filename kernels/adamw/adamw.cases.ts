/** Flat groups: sizes around the workgroup's, with the group's own lr factor, decay, and an eps that is not negligible. */
export const cases = [
  { count: 1, weightDecay: 0, lrScale: 1, eps: 1e-8, beta2: 0.999 },
  { count: 63, weightDecay: 0.1, lrScale: 1, eps: 1e-8, beta2: 0.999 },
  { count: 513, weightDecay: 0.1, lrScale: 1, eps: 1e-8, beta2: 0.999 },
  { count: 1790, weightDecay: 0.01, lrScale: 16, eps: 0.05, beta2: 0.95 },
] as const;
