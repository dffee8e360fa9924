/** Shapes of the kernel's test: full and partial rotation at each load width. */
export const cases = [
  { rows: 1, heads: 1, headDim: 2, rotaryDim: 2 },
  { rows: 13, heads: 6, headDim: 10, rotaryDim: 10 },
  { rows: 9, heads: 2, headDim: 10, rotaryDim: 4 },
  { rows: 7, heads: 3, headDim: 7, rotaryDim: 6 },
  { rows: 5, heads: 4, headDim: 32, rotaryDim: 32 },
  { rows: 4, heads: 2, headDim: 80, rotaryDim: 24 },
] as const;
