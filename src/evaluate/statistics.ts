import { Pcg32 } from '../data/random.ts';

/** What a value may lie between, at 95 %. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** The 0.975 quantile of the normal distribution. */
const Z = 1.959963984540054;
const RESAMPLES = 1000;

/** Wilson's score interval (1927) of a share at 95 %, without a correction for continuity. */
export function wilson(successes: number, trials: number): Interval {
  const share = successes / trials;
  const weight = (Z * Z) / trials;
  const middle = share + weight / 2;
  const half = Z * Math.sqrt((share * (1 - share)) / trials + weight / (4 * trials));
  return {
    // At none and all of them the bound is exact; rounding would leave it a little off.
    low: successes === 0 ? 0 : (middle - half) / (1 + weight),
    high: successes === trials ? 1 : (middle + half) / (1 + weight),
  };
}

/** A value with what it may be at 95 %. */
export interface Estimate extends Interval {
  readonly value: number;
}

/**
 * What the second value minus the first may be at 95 %, from the interval of each (Newcombe, 1998, method 10). Of two measures of the
 * same rows, which go up and down together, it is a little too wide.
 */
export function differenceOf(first: Estimate, second: Estimate): Interval {
  const difference = second.value - first.value;
  return {
    low: difference - Math.hypot(second.value - second.low, first.high - first.value),
    high: difference + Math.hypot(second.high - second.value, first.value - first.low),
  };
}

/** A quantile of sorted values by linear interpolation, as NumPy's default. */
function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const [low = Number.NaN, high = low] = sorted.slice(below, below + 2);
  return low + (high - low) * (at - below);
}

export interface BootstrapOptions {
  readonly seed?: number;
  readonly resamples?: number;
}

/**
 * Percentile bootstrap (Efron, 1979) at 95 %: rows are drawn again with replacement, as many as there are.
 * @param rows how many
 * @param statistic of the rows with these indexes
 */
export function bootstrap(
  rows: number,
  statistic: (indexes: Uint32Array) => number,
  { seed = 0, resamples = RESAMPLES }: BootstrapOptions = {},
): Interval {
  const random = new Pcg32(seed);
  const drawn = new Uint32Array(rows);
  const values = Array.from({ length: resamples }, () => {
    for (let i = 0; i < rows; i += 1) drawn[i] = random.nextBelow(rows);
    return statistic(drawn);
  }).sort((a, b) => a - b);
  return { low: quantile(values, 0.025), high: quantile(values, 0.975) };
}
