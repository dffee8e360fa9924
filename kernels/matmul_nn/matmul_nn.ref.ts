/** f64 reference of kernels/matmul_nn: alpha · dy [N, O] · W [O, I]; imports nothing. */
export function matmulNnRef(
  dy: Float64Array,
  w: Float64Array,
  rows: number,
  inner: number,
  cols: number,
  alpha = 1,
): Float64Array {
  const dx = new Float64Array(rows * cols);
  for (let n = 0; n < rows; n += 1) {
    for (let i = 0; i < cols; i += 1) {
      let dot = 0;
      for (let o = 0; o < inner; o += 1) dot += (dy[n * inner + o] ?? 0) * (w[o * cols + i] ?? 0);
      dx[n * cols + i] = alpha * dot;
    }
  }
  return dx;
}
