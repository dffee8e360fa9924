/** N, P x Q. No size is a multiple of a tile; both orientations of a LoRA gradient. */
export const cases = [
  { rows: 37, p: 4, q: 54, alpha: 1, accumulate: true },
  { rows: 37, p: 131, q: 5, alpha: 0.5, accumulate: true },
  { rows: 1, p: 1, q: 1, alpha: 2, accumulate: false },
  { rows: 70, p: 33, q: 31, alpha: -1, accumulate: false },
  { rows: 129, p: 9, q: 77, alpha: 1, accumulate: true },
  // Rows and columns at multiples of four; tiles that reach past the last of them.
  { rows: 37, p: 20, q: 36, alpha: 0.5, accumulate: true, only: ['narrow'] },
  { rows: 3, p: 4, q: 4, alpha: -1, accumulate: false, only: ['narrow'] },
  { rows: 70, p: 16, q: 48, alpha: 1, accumulate: true, only: ['narrow', 'tile'] },
] as const;
