import { expect } from 'vitest';

type Values = ArrayLike<number>;

export interface Tolerance {
  /** Absolute part, in the unit of the values. */
  readonly atol: number;
  /** Relative to the expected value. */
  readonly rtol: number;
  /** Bound on mean((a-e)^2)/mean(e^2), scale-free; left out when not given. */
  readonly nmse?: number;
}

/** Tolerance of a reduction over `length` terms in f32: rtol = k·eps·sqrt(length), k at most 8. */
export function reductionTolerance(length: number, k = 8, scale = 1): Tolerance {
  const rtol = k * 2 ** -24 * Math.sqrt(Math.max(1, length));
  return { rtol, atol: rtol * scale, nmse: rtol * rtol };
}

/**
 * Asserts |actual - expected| <= atol + rtol·|expected| at every index, such that NaN on either side fails, and that
 * the expectation is not trivially zero.
 * @returns the largest share of the tolerance that was used, 0 to 1
 */
export function expectClose(
  actual: Values,
  expected: Values,
  tolerance: Tolerance,
  label = 'values',
  shape?: readonly number[],
): number {
  expect(actual.length, `${label}: length`).toBe(expected.length);
  let worst = 0;
  let failures = 0;
  let squaredError = 0;
  let squaredExpected = 0;
  const rows: { index: number; actual: number; expected: number; share: number }[] = [];
  for (let i = 0; i < expected.length; i += 1) {
    const a = actual[i] ?? Number.NaN;
    const e = expected[i] ?? Number.NaN;
    const diff = Math.abs(a - e);
    const bound = tolerance.atol + tolerance.rtol * Math.abs(e);
    squaredError += diff * diff;
    squaredExpected += e * e;
    const share = bound === 0 ? (diff === 0 ? 0 : Infinity) : diff / bound;
    if (!(share <= worst)) worst = share;
    if (!(diff <= bound)) {
      failures += 1;
      rows.push({ index: i, actual: a, expected: e, share });
    }
  }
  if (failures > 0) {
    const table = rows
      .sort((x, y) => (Number.isNaN(y.share) ? 1 : Number.isNaN(x.share) ? -1 : y.share - x.share))
      .slice(0, 5)
      .map(
        (row) =>
          `  [${coordinates(row.index, shape).join(', ')}] got ${row.actual}, expected ${row.expected} (${row.share.toFixed(2)} of tolerance)`,
      )
      .join('\n');
    expect.fail(`${label}: ${failures} of ${expected.length} values differ\n${table}`);
  }
  if (tolerance.nmse !== undefined && squaredExpected > 0) {
    const nmse = squaredError / squaredExpected;
    if (!(nmse <= tolerance.nmse)) expect.fail(`${label}: NMSE ${nmse} is over ${tolerance.nmse}`);
  }
  return worst;
}

/** Frobenius norm of the difference over that of the expectation; NaN when either holds one. */
export function relativeError(actual: Values, expected: Values): number {
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < expected.length; i += 1) {
    const e = expected[i] ?? Number.NaN;
    difference += ((actual[i] ?? Number.NaN) - e) ** 2;
    norm += e * e;
  }
  return Math.sqrt(difference / norm);
}

/** Asserts that a test input leads to an output that means something. */
export function expectNonTrivial(values: Values, atLeast = 1e-4): void {
  let largest = 0;
  for (let i = 0; i < values.length; i += 1) largest = Math.max(largest, Math.abs(values[i] ?? 0));
  expect(largest, 'the expected output must not be trivially small').toBeGreaterThan(atLeast);
}

/**
 * Compares an analytic gradient with central differences of `loss` in f64 at up to `samples` entries.
 * `loss` must read `x` afresh each time; `x` is restored.
 */
export function expectFiniteDifferences(
  loss: () => number,
  x: Float64Array,
  gradient: Values,
  options: { h?: number; samples?: number; rtol?: number; atol?: number; label?: string } = {},
): void {
  const { h = 1e-5, samples = 60, rtol = 1e-5, atol = 1e-7, label = 'gradient' } = options;
  const stride = Math.max(1, Math.floor(x.length / samples));
  for (let i = 0; i < x.length; i += stride) {
    const original = x[i] ?? Number.NaN;
    x[i] = original + h;
    const up = loss();
    x[i] = original - h;
    const down = loss();
    x[i] = original;
    const numeric = (up - down) / (2 * h);
    const analytic = gradient[i] ?? Number.NaN;
    const diff = Math.abs(numeric - analytic);
    if (!(diff <= atol + rtol * Math.abs(numeric))) {
      expect.fail(`${label}[${i}]: analytic ${analytic}, central difference ${numeric}`);
    }
  }
}

/** Seeded test values (Mulberry32), roughly normal, with a few outliers so that max-subtraction and scales matter. */
export function testValues(length: number, seed: number, scale = 1): Float32Array {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return Float32Array.from(
    { length },
    () => (next() + next() + next() + next() - 2) * 1.7 * scale * (next() < 0.005 ? 8 : 1),
  );
}

function coordinates(index: number, shape?: readonly number[]): number[] {
  if (shape === undefined) return [index];
  const result: number[] = [];
  let rest = index;
  for (let d = shape.length - 1; d >= 0; d -= 1) {
    const size = shape[d] ?? 1;
    result.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return result;
}
