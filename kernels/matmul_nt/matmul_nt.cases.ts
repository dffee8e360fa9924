/** N x I -> O, with rank 0 for no adapter and what else takes part. No size is a multiple of a tile. */
export const cases = [
  { rows: 1, inFeatures: 54, outFeatures: 131, format: 'q4', rank: 3, bias: true },
  { rows: 2, inFeatures: 77, outFeatures: 5, format: 'f16', rank: 0, bias: false },
  { rows: 3, inFeatures: 1, outFeatures: 1, format: 'f32', rank: 0, bias: true },
  { rows: 5, inFeatures: 31, outFeatures: 18, format: 'q8', rank: 5, bias: false, alpha: -0.5 },
  { rows: 4, inFeatures: 33, outFeatures: 17, format: 'bf16', rank: 1, bias: false, accumulate: true },
  { rows: 67, inFeatures: 77, outFeatures: 69, format: 'q4', rank: 17, bias: true, accumulate: true, alpha: 2 },
  { rows: 9, inFeatures: 300, outFeatures: 16, format: 'f32', rank: 0, bias: false },
  { rows: 1, inFeatures: 1, outFeatures: 5, format: 'q8', rank: 66, bias: false },
] as const;
