/** Lengths of the sequences of a batch, with columns of each load width. */
export const cases = [
  { lengths: [1], cols: 1, amount: 5, nodeId: 0, seed: [0, 0] },
  { lengths: [3, 4], cols: 9, amount: 5, nodeId: 1, seed: [1, 0] },
  { lengths: [13, 1, 50], cols: 26, amount: 15, nodeId: 7, seed: [0xdeadbeef, 0x12345678] },
  { lengths: [37, 1, 1], cols: 64, amount: 0.5, nodeId: 4000000000, seed: [0xffffffff, 0xffffffff] },
] as const;
