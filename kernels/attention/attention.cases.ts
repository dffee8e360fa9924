/**
 * Shapes of the room's test. `segments` are the lengths of the sequences laid end to end. Lengths straddle the blocks of
 * 4 and 32 keys and tiles of 8 to 32 rows; head sizes reach each load width and chunk count.
 */
export const cases = [
  { segments: [1], heads: 1, kvHeads: 1, headDim: 2 },
  { segments: [7, 1, 29], heads: 6, kvHeads: 2, headDim: 10 },
  { segments: [33, 40], heads: 4, kvHeads: 1, headDim: 32 },
  { segments: [37], heads: 2, kvHeads: 1, headDim: 7, softCap: 2 },
  { segments: [5, 30], heads: 2, kvHeads: 2, headDim: 64, window: 9 },
  { segments: [19, 23], heads: 2, kvHeads: 1, headDim: 80, window: 4, softCap: 3 },
  { segments: [41], heads: 2, kvHeads: 1, headDim: 256, softCap: 1.5 },
] as const;
