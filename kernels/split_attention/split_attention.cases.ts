interface Case {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly rotaryDim: number;
  readonly maxPositions: number;
  readonly window?: number;
  readonly softCap?: number;
  /** Undefined: padding. */
  readonly slot?: number;
  readonly position: number;
}

/** One token each. Positions lie on both sides of a block's 128 and of the 1024 from which on parts have two blocks. */
export const cases: readonly Case[] = [
  { heads: 1, kvHeads: 1, headDim: 16, rotaryDim: 16, maxPositions: 1, slot: 0, position: 0 },
  // Seven heads share one of the cache: four and three; the last position of the first block and the first of the second.
  { heads: 14, kvHeads: 2, headDim: 64, rotaryDim: 64, maxPositions: 150, slot: 1, position: 127 },
  { heads: 14, kvHeads: 2, headDim: 64, rotaryDim: 64, maxPositions: 150, slot: 2, position: 128 },
  { heads: 9, kvHeads: 3, headDim: 32, rotaryDim: 32, maxPositions: 513, slot: 1, position: 512 },
  // Part of a head is rotated, and none of it.
  { heads: 4, kvHeads: 4, headDim: 80, rotaryDim: 24, maxPositions: 131, slot: 1, position: 130 },
  { heads: 3, kvHeads: 1, headDim: 48, rotaryDim: 0, maxPositions: 20, slot: 0, position: 13 },
  // A window that begins inside a block, whole blocks of it unseen, and a cap on scores.
  { heads: 2, kvHeads: 1, headDim: 128, rotaryDim: 128, maxPositions: 400, window: 70, slot: 1, position: 399 },
  {
    heads: 5,
    kvHeads: 1,
    headDim: 96,
    rotaryDim: 96,
    maxPositions: 300,
    window: 6,
    softCap: 3,
    slot: 1,
    position: 129,
  },
  { heads: 2, kvHeads: 1, headDim: 256, rotaryDim: 64, maxPositions: 40, softCap: 2, slot: 2, position: 39 },
  // The last position with parts of one block, and the first with parts of two, which all four heads of a workgroup rescale.
  { heads: 2, kvHeads: 1, headDim: 16, rotaryDim: 16, maxPositions: 1030, slot: 0, position: 1023 },
  { heads: 4, kvHeads: 1, headDim: 16, rotaryDim: 16, maxPositions: 1030, slot: 1, position: 1024 },
  // Past the end of the cache: nothing is written. Padding: nothing is seen.
  { heads: 4, kvHeads: 2, headDim: 16, rotaryDim: 16, maxPositions: 30, slot: 1, position: 30 },
  { heads: 4, kvHeads: 2, headDim: 16, rotaryDim: 16, maxPositions: 30, position: 7 },
];
