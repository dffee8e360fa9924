const NONE = 0xffffffff;

interface Case {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly maxPositions: number;
  readonly window?: number;
  readonly softCap?: number;
  /** [slot, position] of each row. */
  readonly at: readonly (readonly [number, number])[];
}

/** Shapes of the kernel's test. Positions straddle blocks of 4 and a workgroup's 256. */
export const cases: readonly Case[] = [
  { heads: 1, kvHeads: 1, headDim: 2, maxPositions: 1, at: [[0, 0]] },
  {
    heads: 6,
    kvHeads: 2,
    headDim: 10,
    maxPositions: 21,
    at: [
      [1, 20],
      [NONE, 3],
      [0, 0],
      [1, 7],
      [2, 15],
    ],
  },
  {
    heads: 4,
    kvHeads: 2,
    headDim: 32,
    maxPositions: 300,
    at: [
      [1, 299],
      [0, 255],
      [0, 256],
    ],
  },
  {
    // Seven heads share one of the cache: four and three.
    heads: 14,
    kvHeads: 2,
    headDim: 8,
    maxPositions: 40,
    window: 17,
    at: [
      [0, 39],
      [NONE, 5],
      [2, 16],
      [1, 15],
    ],
  },
  {
    // Five: three and two.
    heads: 10,
    kvHeads: 2,
    headDim: 12,
    maxPositions: 35,
    at: [
      [0, 34],
      [1, 16],
    ],
  },
  {
    // Thirteen: four, four, four and one.
    heads: 13,
    kvHeads: 1,
    headDim: 4,
    maxPositions: 18,
    at: [[2, 17]],
  },
  {
    heads: 3,
    kvHeads: 3,
    headDim: 20,
    maxPositions: 40,
    at: [
      [0, 39],
      [2, 15],
      [1, 16],
    ],
  },
  {
    heads: 2,
    kvHeads: 1,
    headDim: 7,
    maxPositions: 33,
    softCap: 2,
    at: [
      [0, 32],
      [1, 5],
    ],
  },
  {
    heads: 2,
    kvHeads: 1,
    headDim: 80,
    maxPositions: 30,
    window: 6,
    softCap: 3,
    at: [
      [0, 29],
      [1, 5],
      [1, 6],
    ],
  },
  {
    heads: 1,
    kvHeads: 1,
    headDim: 255,
    maxPositions: 9,
    window: 1,
    at: [
      [0, 8],
      [NONE, 0],
    ],
  },
];
