/** f64 reference of kernels/column_mean; imports nothing, so that it is independent of the kernel. */
export function columnMeanRef(w: ArrayLike<number>, cols: number): Float64Array {
  const rows = w.length / cols;
  const mean = new Float64Array(cols);
  for (let e = 0; e < w.length; e += 1) mean[e % cols] = (mean[e % cols] ?? 0) + (w[e] ?? Number.NaN) / rows;
  return mean;
}
