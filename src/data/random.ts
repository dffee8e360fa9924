/** Where a generator stands: two 64-bit numbers as decimal text, so that JSON keeps them whole. */
export interface RandomState {
  readonly state: string;
  readonly increment: string;
}

const MASK = (1n << 64n) - 1n;
const MULTIPLIER = 6364136223846793005n;
const MULTIPLIER_LOW = Number(MULTIPLIER & 0xffff_ffffn);
const MULTIPLIER_HIGH = Number(MULTIPLIER >> 32n);

/** The upper 32 bits of the product of two unsigned 32-bit numbers. */
function multiplyHigh(a: number, b: number): number {
  const a0 = a & 0xffff;
  const a1 = a >>> 16;
  const b0 = b & 0xffff;
  const b1 = b >>> 16;
  const middle = a1 * b0 + ((a0 * b0) >>> 16);
  const cross = a0 * b1 + (middle & 0xffff);
  return (a1 * b1 + Math.floor(middle / 0x1_0000) + Math.floor(cross / 0x1_0000)) >>> 0;
}

/**
 * PCG32 (XSH-RR), M. E. O'Neill, https://www.pcg-random.org: 64 bits of state, 2^63 independent streams.
 * The same seed and stream give the same numbers on every machine.
 */
export class Pcg32 {
  private low = 0;
  private high = 0;
  private incrementLow = 0;
  private incrementHigh = 0;

  /**
   * @param seed any whole number; the lowest 64 bits count
   * @param stream generators with one seed and different streams are independent
   */
  constructor(seed: number | bigint, stream: number | bigint = 0) {
    this.setIncrement(((BigInt(stream) << 1n) | 1n) & MASK);
    this.setState(0n);
    this.nextUint32();
    const state = (BigInt(this.high) << 32n) | BigInt(this.low);
    this.setState((state + (BigInt(seed) & MASK)) & MASK);
    this.nextUint32();
  }

  static fromState({ state, increment }: RandomState): Pcg32 {
    const random = new Pcg32(0);
    random.setIncrement(BigInt(increment) & MASK);
    random.setState(BigInt(state) & MASK);
    return random;
  }

  saveState(): RandomState {
    return {
      state: String((BigInt(this.high) << 32n) | BigInt(this.low)),
      increment: String((BigInt(this.incrementHigh) << 32n) | BigInt(this.incrementLow)),
    };
  }

  nextUint32(): number {
    const { low, high } = this;
    // state * multiplier + increment modulo 2^64, in 32-bit halves: BigInt would be twenty times slower.
    const productLow = Math.imul(low, MULTIPLIER_LOW) >>> 0;
    const productHigh =
      multiplyHigh(low, MULTIPLIER_LOW) + Math.imul(low, MULTIPLIER_HIGH) + Math.imul(high, MULTIPLIER_LOW);
    const sum = productLow + this.incrementLow;
    this.low = sum >>> 0;
    this.high = (productHigh + this.incrementHigh + (sum > 0xffff_ffff ? 1 : 0)) >>> 0;
    // ((state >> 18) ^ state) >> 27, its low 32 bits, turned right by state >> 59.
    const mixedHigh = (high ^ (high >>> 18)) >>> 0;
    const mixedLow = (low ^ ((low >>> 18) | (high << 14))) >>> 0;
    const word = ((mixedLow >>> 27) | (mixedHigh << 5)) >>> 0;
    const turn = high >>> 27;
    return ((word >>> turn) | (word << (-turn & 31))) >>> 0;
  }

  /** A whole number from 0 to `bound` - 1, each equally likely. `bound` is 1 to 2^32. */
  nextBelow(bound: number): number {
    const unfair = 2 ** 32 % bound;
    for (;;) {
      const value = this.nextUint32();
      if (value >= unfair) return value % bound;
    }
  }

  /** A number in [0, 1) with 53 random bits. */
  nextFloat(): number {
    const high = this.nextUint32() >>> 5;
    const low = this.nextUint32() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  private setState(state: bigint): void {
    this.low = Number(state & 0xffff_ffffn);
    this.high = Number(state >> 32n);
  }

  private setIncrement(increment: bigint): void {
    this.incrementLow = Number(increment & 0xffff_ffffn);
    this.incrementHigh = Number(increment >> 32n);
  }
}

/** The numbers 0 to `count` - 1 in random order (Fisher and Yates). */
export function shuffledIndexes(count: number, random: Pcg32): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = random.nextBelow(i + 1);
    const kept = order[i] ?? 0;
    order[i] = order[j] ?? 0;
    order[j] = kept;
  }
  return order;
}
