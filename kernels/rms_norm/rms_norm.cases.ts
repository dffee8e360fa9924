/** Shapes of the kernel's test: rows x cols, with the eps of a toy (1e-3) and of real models. */
export const cases = [
  { rows: 1, cols: 1, eps: 1e-3 },
  { rows: 37, cols: 54, eps: 1e-3 },
  { rows: 5, cols: 63, eps: 1e-5 },
  { rows: 3, cols: 64, eps: 1e-5 },
  { rows: 7, cols: 65, eps: 1e-6, weightOffset: 1 },
  { rows: 17, cols: 257, eps: 1e-5 },
  { rows: 2, cols: 516, eps: 1e-5 },
] as const;
