/** Shapes of the kernel's test: a layer of `rows` x `cols`, read in one part and in two. */
export const cases = [
  { rows: 1, cols: 1, rank: 1, loraScale: 2, weight: 1 },
  { rows: 5, cols: 33, rank: 3, loraScale: 0.5, weight: 1 },
  { rows: 70, cols: 64, rank: 4, loraScale: 2, weight: 0.25 },
  { rows: 17, cols: 257, rank: 5, loraScale: 1, weight: 0 },
  { rows: 9, cols: 1026, rank: 16, loraScale: 0.25, weight: 1 },
] as const;
