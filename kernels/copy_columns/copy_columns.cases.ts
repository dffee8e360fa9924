/** Shapes of the kernel's test: each load width, decided by every one of the five lengths; whole rows; past a workgroup. */
export const cases = [
  { rows: 1, cols: 1, from: { stride: 1, offset: 0 }, to: { stride: 1, offset: 0 } },
  { rows: 13, cols: 10, from: { stride: 30, offset: 20 }, to: { stride: 10, offset: 0 } },
  { rows: 13, cols: 8, from: { stride: 8, offset: 0 }, to: { stride: 24, offset: 8 } },
  { rows: 5, cols: 12, from: { stride: 33, offset: 12 }, to: { stride: 12, offset: 0 } },
  { rows: 5, cols: 12, from: { stride: 36, offset: 7 }, to: { stride: 12, offset: 0 } },
  { rows: 5, cols: 12, from: { stride: 12, offset: 0 }, to: { stride: 36, offset: 6 } },
  { rows: 37, cols: 11, from: { stride: 20, offset: 4 }, to: { stride: 16, offset: 4 } },
] as const;
