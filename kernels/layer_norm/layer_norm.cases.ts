/** Shapes of the kernel's test; `offset` moves the mean away from zero, where a one-pass variance would cancel. */
export const cases = [
  { rows: 1, cols: 1, eps: 1e-3, offset: 0 },
  { rows: 37, cols: 54, eps: 1e-3, offset: 0 },
  { rows: 5, cols: 63, eps: 1e-5, offset: 20 },
  { rows: 3, cols: 64, eps: 1e-5, offset: 0 },
  { rows: 17, cols: 257, eps: 1e-5, offset: 3 },
  { rows: 2, cols: 516, eps: 1e-5, offset: 0 },
] as const;
