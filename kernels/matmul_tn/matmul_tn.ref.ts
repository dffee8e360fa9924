/** f64 reference of kernels/matmul_tn: alpha · aᵀ [P, N] · b [N, Q]; imports nothing. */
export function matmulTnRef(
  a: Float64Array,
  b: Float64Array,
  rows: number,
  p: number,
  q: number,
  alpha = 1,
): Float64Array {
  const g = new Float64Array(p * q);
  for (let row = 0; row < p; row += 1) {
    for (let col = 0; col < q; col += 1) {
      let dot = 0;
      for (let n = 0; n < rows; n += 1) dot += (a[n * p + row] ?? 0) * (b[n * q + col] ?? 0);
      g[row * q + col] = alpha * dot;
    }
  }
  return g;
}
