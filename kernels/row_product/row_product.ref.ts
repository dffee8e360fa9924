/** f64 reference of kernels/row_product, one formula a step; imports nothing, so that it is independent of the kernel. */

/** z = u·Wᵀ (+ bias); W [rows, u.length]. */
export function productRef(u: ArrayLike<number>, w: ArrayLike<number>, bias: ArrayLike<number> | undefined): number[] {
  const cols = u.length;
  return Array.from({ length: w.length / cols }, (_, o) => {
    let sum = bias?.[o] ?? 0;
    for (let i = 0; i < cols; i += 1) sum += (u[i] ?? Number.NaN) * (w[o * cols + i] ?? Number.NaN);
    return sum;
  });
}

/** x / sqrt(mean(x²) + eps) · (norm + offset) */
export function normRef(x: ArrayLike<number>, norm: ArrayLike<number>, eps: number, offset: number): number[] {
  const values = Array.from(x);
  const mean = values.reduce((sum, value) => sum + value * value, 0) / values.length;
  return values.map((value, i) => (value / Math.sqrt(mean + eps)) * ((norm[i] ?? Number.NaN) + offset));
}

/** Parts [P, H, D + 4] of which the first `used` count, put together: [H·D]. */
export function partsRef(parts: ArrayLike<number>, heads: number, headDim: number, used: number): number[] {
  const at = (part: number, head: number, i: number): number =>
    parts[(part * heads + head) * (headDim + 4) + i] ?? Number.NaN;
  return Array.from({ length: heads * headDim }, (_, i) => {
    const head = Math.floor(i / headDim);
    let largest = -Infinity;
    for (let part = 0; part < used; part += 1) largest = Math.max(largest, at(part, head, headDim));
    let [total, sum] = [0, 0];
    for (let part = 0; part < used; part += 1) {
      const weight = Math.exp(at(part, head, headDim) - largest);
      total += weight * at(part, head, i % headDim);
      sum += weight * at(part, head, headDim + 1);
    }
    return sum > 0 ? total / sum : 0;
  });
}

/** act(gate) · up, of gate over up. */
export function gatedRef(z: readonly number[], act: 'silu' | 'gelu_tanh'): number[] {
  const half = z.length / 2;
  return Array.from({ length: half }, (_, o) => {
    const gate = z[o] ?? Number.NaN;
    const value =
      act === 'silu'
        ? gate / (1 + Math.exp(-gate))
        : 0.5 * gate * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (gate + 0.044715 * gate ** 3)));
    return value * (z[half + o] ?? Number.NaN);
  });
}
