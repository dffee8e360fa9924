/** Shapes of the kernel's test. */
export const cases = [
  { rows: 1, cols: 1, bias: false },
  { rows: 3, cols: 15, bias: true },
  { rows: 4, cols: 16, bias: false },
  { rows: 7, cols: 65, bias: true },
  { rows: 130, cols: 33, bias: false },
] as const;
