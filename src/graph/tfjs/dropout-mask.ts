const ROUNDS = 10;

/**
 * The factors of one dropout, in the order of x's elements: 0 or 1 / (1 - p). They are a function of seed, node and
 * element alone, the very one that kernels/dropout computes: element e is kept when word e % 4 of Philox4x32-10 at
 * counter (e / 4, 0, nodeId, 0) under key (low, high) is at least floor(p · 2^32).
 * Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3".
 */
export function dropoutMask(
  count: number,
  p: number,
  nodeId: number,
  seed: { readonly low: number; readonly high: number },
): Float32Array {
  const threshold = Math.floor(p * 2 ** 32);
  const kept = 1 / (1 - p);
  const mask = new Float32Array(count);
  for (let e = 0; e < count; e += 4) {
    const words = philox4x32([e / 4, 0, nodeId, 0], [seed.low, seed.high]);
    for (let i = 0; i < 4 && e + i < count; i += 1) mask[e + i] = (words[i] ?? 0) >= threshold ? kept : 0;
  }
  return mask;
}

type Words4 = readonly [number, number, number, number];

/** Four unsigned 32-bit words from a counter and a key of unsigned 32-bit words. */
export function philox4x32(counter: Words4, key: readonly [number, number]): Words4 {
  let [a, b, c, d] = counter;
  let [low, high] = key;
  for (let round = 0; round < ROUNDS; round += 1) {
    const firstHigh = multiplyHigh(0xd2511f53, a);
    const firstLow = Math.imul(0xd2511f53, a);
    const secondHigh = multiplyHigh(0xcd9e8d57, c);
    const secondLow = Math.imul(0xcd9e8d57, c);
    a = (secondHigh ^ b ^ low) >>> 0;
    b = secondLow >>> 0;
    c = (firstHigh ^ d ^ high) >>> 0;
    d = firstLow >>> 0;
    low = (low + 0x9e3779b9) >>> 0;
    high = (high + 0xbb67ae85) >>> 0;
  }
  return [a, b, c, d];
}

/** High 32 bits of an unsigned product; a product with a 16-bit factor is exact in a double. */
function multiplyHigh(a: number, b: number): number {
  const low = a * (b & 0xffff);
  const high = a * (b >>> 16);
  return Math.floor((high + Math.floor(low / 65536)) / 65536);
}
