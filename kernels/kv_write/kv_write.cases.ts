const NONE = 0xffffffff;

interface Case {
  readonly kvHeads: number;
  readonly headDim: number;
  readonly maxPositions: number;
  /** [slot, position] of each row. */
  readonly at: readonly (readonly [number, number])[];
}

/** Shapes of the kernel's test; rows among them are padding or past the end. */
export const cases: readonly Case[] = [
  { kvHeads: 1, headDim: 1, maxPositions: 1, at: [[0, 0]] },
  {
    kvHeads: 2,
    headDim: 10,
    maxPositions: 5,
    at: [
      [1, 4],
      [NONE, 0],
      [0, 0],
      [2, 3],
      [0, 5],
    ],
  },
  {
    kvHeads: 4,
    headDim: 32,
    maxPositions: 3,
    at: [
      [2, 1],
      [1, 2],
      [0, 0],
      [NONE, 2],
    ],
  },
  {
    kvHeads: 1,
    headDim: 7,
    maxPositions: 30,
    at: [
      [1, 11],
      [1, 12],
      [1, 13],
    ],
  },
];
