/** Element counts of the kernel's test (each load width) with probabilities, seeds and node ids. */
export const cases = [
  { count: 1, p: 0.5, nodeId: 0, seed: [0, 0] },
  { count: 63, p: 0.1, nodeId: 1, seed: [1, 0] },
  { count: 130, p: 0.25, nodeId: 7, seed: [0xdeadbeef, 0x12345678] },
  { count: 1000, p: 0.9, nodeId: 4000000000, seed: [0xffffffff, 0xffffffff] },
  { count: 37 * 54, p: 0, nodeId: 3, seed: [5, 6] },
] as const;
