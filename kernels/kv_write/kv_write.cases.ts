const NONE = 0xffffffff;

/** Shapes of the room's test; [slot, position] of each row, among them padding and a position past the end. */
export const cases = [
  { kvHeads: 1, headDim: 1, maxPositions: 1, at: [[0, 0]] },
  { kvHeads: 2, headDim: 10, maxPositions: 5, at: [[1, 4], [NONE, 0], [0, 0], [2, 3], [0, 5]] },
  { kvHeads: 4, headDim: 32, maxPositions: 3, at: [[2, 1], [1, 2], [0, 0], [NONE, 2]] },
  { kvHeads: 1, headDim: 7, maxPositions: 30, at: [[1, 11], [1, 12], [1, 13]] },
] as const;
