/** Flat groups: sizes around the workgroup's and of several, with and without momentum and decay. */
export const cases = [
  { count: 1, weightDecay: 0, lrScale: 1, momentum: 0 },
  { count: 250, weightDecay: 0.1, lrScale: 4, momentum: 0 },
  { count: 250, weightDecay: 0, lrScale: 1, momentum: 0.9 },
  { count: 63, weightDecay: 0.3, lrScale: 2, momentum: 0.5 },
] as const;
