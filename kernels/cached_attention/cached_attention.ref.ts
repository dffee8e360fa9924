/** f64 reference of kernels/cached_attention; imports nothing. */
export interface CachedAttentionRefArgs {
  readonly rows: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly maxPositions: number;
  readonly scale: number;
  readonly window?: number;
  readonly softCap?: number;
}

type Values = ArrayLike<number>;

export function cachedAttentionRef(
  args: CachedAttentionRefArgs,
  q: Values,
  cacheK: Values,
  cacheV: Values,
  slots: Values,
  positions: Values,
): Float64Array {
  const { rows, heads, kvHeads, headDim, maxPositions, scale, window = Infinity, softCap } = args;
  const o = new Float64Array(rows * heads * headDim);
  for (let n = 0; n < rows; n += 1) {
    const slot = slots[n] ?? 0;
    if (slot === 0xffffffff) continue;
    const last = Math.min(positions[n] ?? 0, maxPositions - 1);
    const seen = Array.from({ length: last + 1 }, (_, t) => t).filter((t) => last - t < window);
    for (let h = 0; h < heads; h += 1) {
      const query = (n * heads + h) * headDim;
      const g = Math.floor(h / (heads / kvHeads));
      const keyAt = (t: number): number => ((slot * maxPositions + t) * kvHeads + g) * headDim;
      const scores = seen.map((t) => {
        let dot = 0;
        for (let d = 0; d < headDim; d += 1) dot += (q[query + d] ?? 0) * (cacheK[keyAt(t) + d] ?? 0);
        return softCap === undefined ? dot * scale : softCap * Math.tanh((dot * scale) / softCap);
      });
      const largest = Math.max(...scores);
      const total = scores.reduce((sum, s) => sum + Math.exp(s - largest), 0);
      seen.forEach((t, i) => {
        const p = Math.exp((scores[i] ?? 0) - largest) / total;
        for (let d = 0; d < headDim; d += 1) o[query + d] = (o[query + d] ?? 0) + p * (cacheV[keyAt(t) + d] ?? 0);
      });
    }
  }
  return o;
}
