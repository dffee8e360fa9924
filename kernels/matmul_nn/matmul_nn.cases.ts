/** N x O -> I, with rank 0 for no adapter. No size is a multiple of a tile. */
export const cases = [
  { rows: 1, outFeatures: 131, inFeatures: 54, format: 'q4', rank: 3, accumulate: false },
  { rows: 9, outFeatures: 5, inFeatures: 77, format: 'f16', rank: 0, accumulate: false, alpha: -0.5 },
  { rows: 3, outFeatures: 1, inFeatures: 1, format: 'f32', rank: 0, accumulate: true },
  { rows: 5, outFeatures: 18, inFeatures: 31, format: 'q8', rank: 0, accumulate: false },
  { rows: 17, outFeatures: 33, inFeatures: 33, format: 'bf16', rank: 1, accumulate: false },
  { rows: 67, outFeatures: 69, inFeatures: 77, format: 'q4', rank: 17, accumulate: true, alpha: 2 },
  { rows: 8, outFeatures: 100, inFeatures: 5, format: 'f32', rank: 0, accumulate: false },
  // The readers' own test covers every format in every way of reading: here each reader in every entry, the others once.
  { rows: 5, outFeatures: 18, inFeatures: 77, format: 'nf4', rank: 2, accumulate: false },
  { rows: 3, outFeatures: 33, inFeatures: 300, format: 'q6_k', rank: 0, accumulate: false },
  { rows: 5, outFeatures: 9, inFeatures: 128, format: 'nf4', rank: 0, accumulate: false, only: ['tile'] },
  { rows: 3, outFeatures: 5, inFeatures: 77, format: 'q4_0', rank: 0, accumulate: false, only: ['serial'] },
  { rows: 2, outFeatures: 6, inFeatures: 333, format: 'q5_0', rank: 0, accumulate: false, only: ['serial'] },
  { rows: 2, outFeatures: 7, inFeatures: 65, format: 'q5_1', rank: 0, accumulate: false, only: ['serial'] },
  { rows: 5, outFeatures: 18, inFeatures: 513, format: 'q4_k', rank: 0, accumulate: false, only: ['serial'] },
  { rows: 2, outFeatures: 5, inFeatures: 290, format: 'q5_k', rank: 0, accumulate: false, only: ['serial'] },
] as const;
