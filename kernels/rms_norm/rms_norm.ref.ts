/** f64 reference of kernels/rms_norm; imports nothing, so that it is independent of the kernel. */
export function rmsNormForwardRef(
  x: Float64Array,
  w: Float64Array,
  rows: number,
  eps: number,
  weightOffset = 0,
): { y: Float64Array; rstd: Float64Array } {
  const cols = w.length;
  const y = new Float64Array(rows * cols);
  const rstd = new Float64Array(rows);
  for (let n = 0; n < rows; n += 1) {
    let sum = 0;
    for (let c = 0; c < cols; c += 1) sum += (x[n * cols + c] ?? 0) ** 2;
    const r = 1 / Math.sqrt(sum / cols + eps);
    rstd[n] = r;
    for (let c = 0; c < cols; c += 1) y[n * cols + c] = (x[n * cols + c] ?? 0) * r * ((w[c] ?? 0) + weightOffset);
  }
  return { y, rstd };
}

export function rmsNormBackwardRef(
  x: Float64Array,
  w: Float64Array,
  dy: Float64Array,
  rows: number,
  eps: number,
  weightOffset = 0,
): Float64Array {
  const cols = w.length;
  const { rstd } = rmsNormForwardRef(x, w, rows, eps, weightOffset);
  const dx = new Float64Array(rows * cols);
  for (let n = 0; n < rows; n += 1) {
    const r = rstd[n] ?? 0;
    let dot = 0;
    for (let c = 0; c < cols; c += 1)
      dot += (dy[n * cols + c] ?? 0) * ((w[c] ?? 0) + weightOffset) * (x[n * cols + c] ?? 0);
    const k = (dot * r ** 3) / cols;
    for (let c = 0; c < cols; c += 1)
      dx[n * cols + c] = r * (dy[n * cols + c] ?? 0) * ((w[c] ?? 0) + weightOffset) - k * (x[n * cols + c] ?? 0);
  }
  return dx;
}
