/** Flat groups: sizes around the workgroup's and of several. */
export const cases = [
  { count: 1, decay: 0.5, lrScale: 1 },
  { count: 63, decay: 3, lrScale: 4 },
  { count: 250, decay: 20, lrScale: 0.5 },
  { count: 4097, decay: 1, lrScale: 1 },
] as const;
