/** N, P x Q. No size is a multiple of a tile; both orientations of a LoRA gradient. */
export const cases = [
  { rows: 37, p: 4, q: 54, alpha: 1, accumulate: true },
  { rows: 37, p: 131, q: 5, alpha: 0.5, accumulate: true },
  { rows: 1, p: 1, q: 1, alpha: 2, accumulate: false },
  { rows: 70, p: 33, q: 31, alpha: -1, accumulate: false },
  { rows: 129, p: 9, q: 77, alpha: 1, accumulate: true },
] as const;
