/** N x O -> I, with rank 0 for no adapter. No size is a multiple of a tile. */
export const cases = [
  { rows: 1, outFeatures: 131, inFeatures: 54, format: 'q4', rank: 3, accumulate: false },
  { rows: 9, outFeatures: 5, inFeatures: 77, format: 'f16', rank: 0, accumulate: false, alpha: -0.5 },
  { rows: 3, outFeatures: 1, inFeatures: 1, format: 'f32', rank: 0, accumulate: true },
  { rows: 5, outFeatures: 18, inFeatures: 31, format: 'q8', rank: 0, accumulate: false },
  { rows: 17, outFeatures: 33, inFeatures: 33, format: 'bf16', rank: 1, accumulate: false },
  { rows: 67, outFeatures: 69, inFeatures: 77, format: 'q4', rank: 17, accumulate: true, alpha: 2 },
  { rows: 8, outFeatures: 100, inFeatures: 5, format: 'f32', rank: 0, accumulate: false },
] as const;
