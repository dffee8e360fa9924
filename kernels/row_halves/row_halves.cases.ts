/** N rows of C values out of longer ones. */
export const cases = [
  { rows: 1, cols: 1, stride: 1, offset: 0 },
  { rows: 3, cols: 31, stride: 40, offset: 5 },
  { rows: 5, cols: 32, stride: 32, offset: 0 },
  { rows: 4, cols: 77, stride: 80, offset: 3 },
  { rows: 7, cols: 300, stride: 300, offset: 0 },
  { rows: 2, cols: 576, stride: 1536, offset: 576 },
] as const;
