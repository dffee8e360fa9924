/** Reference of kernels/dropout, exact on bits, on BigInt arithmetic; imports nothing. */
const MASK = 0xffffffffn;

/**
 * Philox4x32-10: four words of a 128-bit counter under a 64-bit key.
 * Source: Salmon et al. 2011; the known-answer vectors in the test are Random123's.
 */
export function philoxRef(counter: readonly number[], key: readonly number[]): number[] {
  let [c0 = 0n, c1 = 0n, c2 = 0n, c3 = 0n] = counter.map(BigInt);
  let [k0 = 0n, k1 = 0n] = key.map(BigInt);
  for (let round = 0; round < 10; round += 1) {
    const first = 0xd2511f53n * c0;
    const second = 0xcd9e8d57n * c2;
    [c0, c1, c2, c3] = [(second >> 32n) ^ c1 ^ k0, second & MASK, (first >> 32n) ^ c3 ^ k1, first & MASK];
    k0 = (k0 + 0x9e3779b9n) & MASK;
    k1 = (k1 + 0xbb67ae85n) & MASK;
  }
  return [c0, c1, c2, c3].map(Number);
}

/** Which of `count` elements are kept. */
export function keptRef(count: number, p: number, nodeId: number, seed: readonly number[]): boolean[] {
  const threshold = Math.floor(p * 2 ** 32);
  return Array.from({ length: Math.ceil(count / 4) }, (_, block) => philoxRef([block, 0, nodeId, 0], seed))
    .flat()
    .slice(0, count)
    .map((word) => word >= threshold);
}

/** y = keep ? x * scale : 0, each product rounded to f32 as the kernel's is. */
export function dropoutRef(x: ArrayLike<number>, p: number, nodeId: number, seed: readonly number[]): Float32Array {
  const scale = Math.fround(1 / (1 - p));
  const kept = keptRef(x.length, p, nodeId, seed);
  return Float32Array.from(x, (value, e) => (kept[e] === true ? Math.fround(value) * scale : 0));
}
