/** Flat groups: the smallest, a short last block, one block, just over one, and the blocks of three and four workgroups of either variant. */
export const cases = [
  { count: 4, weightDecay: 0, lrScale: 1, eps: 1e-8, beta2: 0.999 },
  { count: 252, weightDecay: 0.1, lrScale: 1, eps: 1e-8, beta2: 0.999 },
  { count: 256, weightDecay: 0, lrScale: 1, eps: 1e-8, beta2: 0.95 },
  { count: 260, weightDecay: 0.01, lrScale: 16, eps: 0.05, beta2: 0.95 },
  { count: 10 * 256 + 64, weightDecay: 0.1, lrScale: 1, eps: 1e-8, beta2: 0.999 },
  { count: 14 * 256, weightDecay: 0.1, lrScale: 1, eps: 1e-8, beta2: 0.999 },
] as const;
