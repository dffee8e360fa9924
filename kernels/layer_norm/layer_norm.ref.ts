/** f64 reference of kernels/layer_norm; imports nothing, so that it is independent of the kernel. */
export interface LayerNormRef {
  readonly y: Float64Array;
  readonly mean: Float64Array;
  readonly rstd: Float64Array;
}

export function layerNormForwardRef(
  x: Float64Array,
  w: Float64Array,
  b: Float64Array,
  rows: number,
  eps: number,
): LayerNormRef {
  const cols = w.length;
  const result = { y: new Float64Array(rows * cols), mean: new Float64Array(rows), rstd: new Float64Array(rows) };
  for (let n = 0; n < rows; n += 1) {
    const row = x.subarray(n * cols, (n + 1) * cols);
    const mean = row.reduce((sum, v) => sum + v, 0) / cols;
    const rstd = 1 / Math.sqrt(row.reduce((sum, v) => sum + (v - mean) ** 2, 0) / cols + eps);
    result.mean[n] = mean;
    result.rstd[n] = rstd;
    for (let c = 0; c < cols; c += 1)
      result.y[n * cols + c] = ((row[c] ?? 0) - mean) * rstd * (w[c] ?? 0) + (b[c] ?? 0);
  }
  return result;
}

export function layerNormBackwardRef(
  x: Float64Array,
  w: Float64Array,
  dy: Float64Array,
  rows: number,
  eps: number,
): Float64Array {
  const cols = w.length;
  const { mean, rstd } = layerNormForwardRef(x, w, new Float64Array(cols), rows, eps);
  const dx = new Float64Array(rows * cols);
  for (let n = 0; n < rows; n += 1) {
    const [m, r] = [mean[n] ?? 0, rstd[n] ?? 0];
    const g = Array.from({ length: cols }, (_, c) => (dy[n * cols + c] ?? 0) * (w[c] ?? 0));
    const xhat = Array.from({ length: cols }, (_, c) => ((x[n * cols + c] ?? 0) - m) * r);
    const meanG = g.reduce((sum, v) => sum + v, 0) / cols;
    const meanGx = g.reduce((sum, v, c) => sum + v * (xhat[c] ?? 0), 0) / cols;
    for (let c = 0; c < cols; c += 1) dx[n * cols + c] = r * ((g[c] ?? 0) - meanG - (xhat[c] ?? 0) * meanGx);
  }
  return dx;
}
