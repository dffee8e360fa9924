/** f64 reference of kernels/matmul_nt: alpha · x [N, I] · W [O, I]ᵀ; imports nothing. */
export function matmulNtRef(
  x: Float64Array,
  w: Float64Array,
  rows: number,
  inner: number,
  cols: number,
  alpha = 1,
): Float64Array {
  const y = new Float64Array(rows * cols);
  for (let n = 0; n < rows; n += 1) {
    for (let o = 0; o < cols; o += 1) {
      let dot = 0;
      for (let i = 0; i < inner; i += 1) dot += (x[n * inner + i] ?? 0) * (w[o * inner + i] ?? 0);
      y[n * cols + o] = alpha * dot;
    }
  }
  return y;
}
