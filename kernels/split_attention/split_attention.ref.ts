/** f64 reference of kernels/split_attention with its parts combined; imports nothing, so that it is independent of the kernel. */
export interface SplitAttentionRefArgs {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly rotaryDim: number;
  readonly maxPositions: number;
  readonly scale: number;
  readonly window?: number;
  readonly softCap?: number;
}

export interface SplitAttentionRefInput {
  readonly qkv: ArrayLike<number>;
  readonly cosTable: ArrayLike<number>;
  readonly sinTable: ArrayLike<number>;
  readonly cacheK: ArrayLike<number>;
  readonly cacheV: ArrayLike<number>;
  /** Undefined: padding. */
  readonly slot: number | undefined;
  readonly position: number;
}

/** The output o [H, D] and the caches afterwards. */
export function splitAttentionRef(
  { heads, kvHeads, headDim, rotaryDim, maxPositions, scale, window = 0, softCap = 0 }: SplitAttentionRefArgs,
  { qkv, cosTable, sinTable, cacheK, cacheV, slot, position }: SplitAttentionRefInput,
): { o: Float64Array; cacheK: Float64Array; cacheV: Float64Array } {
  const half = rotaryDim / 2;
  const keys = Float64Array.from(cacheK);
  const values = Float64Array.from(cacheV);
  const o = new Float64Array(heads * headDim);
  if (slot === undefined) return { o, cacheK: keys, cacheV: values };
  const at = (head: number, d: number): number => qkv[head * headDim + d] ?? Number.NaN;
  const rotated = (head: number, d: number): number => {
    if (d >= rotaryDim) return at(head, d);
    const angle = position * half + (d % half);
    const [cos = Number.NaN, sin = Number.NaN] = [cosTable[angle], sinTable[angle]];
    return d < half ? at(head, d) * cos - at(head, d + half) * sin : at(head, d) * cos + at(head, d - half) * sin;
  };
  const row = (t: number, g: number): number => ((slot * maxPositions + t) * kvHeads + g) * headDim;
  if (position < maxPositions) {
    for (let g = 0; g < kvHeads; g += 1) {
      for (let d = 0; d < headDim; d += 1) {
        keys[row(position, g) + d] = rotated(heads + g, d);
        values[row(position, g) + d] = at(heads + kvHeads + g, d);
      }
    }
  }
  const end = Math.min(position + 1, maxPositions);
  const begin = window > 0 ? Math.max(0, end - window) : 0;
  for (let h = 0; h < heads; h += 1) {
    const g = Math.floor(h / (heads / kvHeads));
    const scores: number[] = [];
    for (let t = begin; t < end; t += 1) {
      let dot = 0;
      for (let d = 0; d < headDim; d += 1) dot += rotated(h, d) * (keys[row(t, g) + d] ?? Number.NaN);
      const score = dot * scale;
      scores.push(softCap > 0 ? softCap * Math.tanh(score / softCap) : score);
    }
    const largest = Math.max(...scores);
    const weights = scores.map((score) => Math.exp(score - largest));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    for (let d = 0; d < headDim; d += 1) {
      o[h * headDim + d] = weights.reduce(
        (total, weight, i) => total + (weight / sum) * (values[row(begin + i, g) + d] ?? Number.NaN),
        0,
      );
    }
  }
  return { o, cacheK: keys, cacheV: values };
}
