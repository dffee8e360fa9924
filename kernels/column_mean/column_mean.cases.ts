/** Weights of the kernel's test, read in one part and in two. */
export const cases = [
  { rows: 1, cols: 1 },
  { rows: 5, cols: 7 },
  { rows: 1023, cols: 33 },
  { rows: 1025, cols: 64 },
  { rows: 3000, cols: 34 },
] as const;
