/**
 * The values that rows in f16 represent, in f64: x [N, stride] from `offset` on, the row's power of two, and the spacing of f16 numbers at
 * each value, in the unit of x. Imports nothing.
 */
export function rowHalvesRef(
  x: Float64Array,
  { rows, cols, stride, offset }: { rows: number; cols: number; stride: number; offset: number },
): { readonly values: Float64Array; readonly spacings: Float64Array; readonly factors: Float64Array } {
  const values = new Float64Array(rows * cols);
  const spacings = new Float64Array(rows * cols);
  const factors = new Float64Array(rows);
  for (let n = 0; n < rows; n += 1) {
    const row = x.subarray(n * stride + offset, n * stride + offset + cols);
    const largest = row.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    // 2^14 <= largest / factor < 2^15, but for rows that would take a factor below 2^-126.
    const factor = largest === 0 ? 2 ** -126 : Math.max(2 ** (Math.floor(Math.log2(largest)) - 14), 2 ** -126);
    factors[n] = factor;
    for (let k = 0; k < cols; k += 1) {
      const value = row[k] ?? Number.NaN;
      const exponent = value === 0 ? -14 : Math.max(Math.floor(Math.log2(Math.abs(value / factor))), -14);
      values[n * cols + k] = value;
      spacings[n * cols + k] = 2 ** (exponent - 10) * factor;
    }
  }
  return { values, spacings, factors };
}
