/** f64 reference of kernels/dora_scale; imports nothing, so that it is independent of the kernel. */
export function doraScaleRef(
  w: ArrayLike<number>,
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  magnitude: ArrayLike<number>,
  { rank, loraScale, weight }: { rank: number; loraScale: number; weight: number },
): { factor: Float64Array; inverseNorm: Float64Array } {
  const rows = magnitude.length;
  const cols = w.length / rows;
  const factor = new Float64Array(rows);
  const inverseNorm = new Float64Array(rows);
  for (let o = 0; o < rows; o += 1) {
    let base = 0;
    let adapted = 0;
    for (let i = 0; i < cols; i += 1) {
      const value = w[o * cols + i] ?? Number.NaN;
      let branch = 0;
      for (let r = 0; r < rank; r += 1) branch += (b[o * rank + r] ?? Number.NaN) * (a[r * cols + i] ?? Number.NaN);
      base += value ** 2;
      adapted += (value + loraScale * branch) ** 2;
    }
    const inverse = adapted > 0 ? 1 / Math.sqrt(adapted) : 0;
    inverseNorm[o] = inverse;
    factor[o] = ((1 - weight) * Math.sqrt(base) + weight * (magnitude[o] ?? Number.NaN)) * inverse;
  }
  return { factor, inverseNorm };
}
