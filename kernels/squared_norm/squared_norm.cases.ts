/** Sizes of the gradient buffers of one norm, with settings that clip, do not clip, and make the 1e-6 matter. */
export const cases = [
  { counts: [1], invTokens: 1, maxNorm: 0, scale: 1 },
  { counts: [4096], invTokens: 0.01, maxNorm: 100, scale: 1 },
  { counts: [4095, 4097], invTokens: 1 / 37, maxNorm: 0.5, scale: 1 },
  { counts: [65, 3, 9000], invTokens: 1, maxNorm: 1e-6, scale: 2e-8 },
  { counts: [1_070_000], invTokens: 1 / 512, maxNorm: 1, scale: 0.3 },
] as const;
