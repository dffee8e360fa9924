/** f64 reference of kernels/attention: the whole score matrix, one row after the other. Imports nothing. */
export interface AttentionRefArgs {
  readonly rows: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly scale: number;
  readonly window?: number;
  readonly softCap?: number;
}

type Values = ArrayLike<number>;

function sees(args: AttentionRefArgs, bounds: Values, i: number, j: number): boolean {
  const inSegment = j >= (bounds[i * 2] ?? 0) && i < (bounds[i * 2 + 1] ?? 0);
  return inSegment && j <= i && (args.window === undefined || i - j < args.window);
}

/** The score of (query row i, head h, key row j) and the derivative of the cap there. */
function score(
  args: AttentionRefArgs,
  q: Values,
  k: Values,
  i: number,
  h: number,
  j: number,
): { s: number; slope: number } {
  const { heads, kvHeads, headDim, scale, softCap } = args;
  const g = Math.floor(h / (heads / kvHeads));
  let dot = 0;
  for (let d = 0; d < headDim; d += 1)
    dot += (q[(i * heads + h) * headDim + d] ?? 0) * (k[(j * kvHeads + g) * headDim + d] ?? 0);
  if (softCap === undefined) return { s: dot * scale, slope: 1 };
  const t = Math.tanh((dot * scale) / softCap);
  return { s: softCap * t, slope: 1 - t * t };
}

export function attentionForwardRef(
  args: AttentionRefArgs,
  q: Values,
  k: Values,
  v: Values,
  bounds: Values,
): { o: Float64Array; lse: Float64Array } {
  const { rows, heads, kvHeads, headDim } = args;
  const o = new Float64Array(rows * heads * headDim);
  const lse = new Float64Array(rows * heads);
  for (let i = 0; i < rows; i += 1) {
    for (let h = 0; h < heads; h += 1) {
      const g = Math.floor(h / (heads / kvHeads));
      const seen = Array.from({ length: i + 1 }, (_, j) => j).filter((j) => sees(args, bounds, i, j));
      if (seen.length === 0) continue;
      const scores = seen.map((j) => score(args, q, k, i, h, j).s);
      const largest = Math.max(...scores);
      const total = scores.reduce((sum, s) => sum + Math.exp(s - largest), 0);
      const at = i * heads + h;
      lse[at] = largest + Math.log(total);
      seen.forEach((j, n) => {
        const p = Math.exp((scores[n] ?? 0) - largest) / total;
        for (let d = 0; d < headDim; d += 1)
          o[at * headDim + d] = (o[at * headDim + d] ?? 0) + p * (v[(j * kvHeads + g) * headDim + d] ?? 0);
      });
    }
  }
  return { o, lse };
}

/** (lse, delta) with delta = Σ_d o·dy of each row and head. */
export function attentionDeltaRef(args: AttentionRefArgs, o: Values, dy: Values, lse: Values): Float64Array {
  const { rows, heads, headDim } = args;
  const lseDelta = new Float64Array(rows * heads * 2);
  for (let n = 0; n < rows * heads; n += 1) {
    let delta = 0;
    for (let d = 0; d < headDim; d += 1) delta += (o[n * headDim + d] ?? 0) * (dy[n * headDim + d] ?? 0);
    lseDelta[n * 2] = lse[n] ?? 0;
    lseDelta[n * 2 + 1] = delta;
  }
  return lseDelta;
}

export function attentionBackwardRef(
  args: AttentionRefArgs,
  q: Values,
  k: Values,
  v: Values,
  bounds: Values,
  dy: Values,
): { dq: Float64Array; dk: Float64Array; dv: Float64Array } {
  const { rows, heads, kvHeads, headDim, scale } = args;
  const { o, lse } = attentionForwardRef(args, q, k, v, bounds);
  const lseDelta = attentionDeltaRef(args, o, dy, lse);
  const dq = new Float64Array(rows * heads * headDim);
  const dk = new Float64Array(rows * kvHeads * headDim);
  const dv = new Float64Array(rows * kvHeads * headDim);
  for (let i = 0; i < rows; i += 1) {
    for (let h = 0; h < heads; h += 1) {
      const g = Math.floor(h / (heads / kvHeads));
      const at = i * heads + h;
      for (let j = 0; j <= i; j += 1) {
        if (!sees(args, bounds, i, j)) continue;
        const key = (j * kvHeads + g) * headDim;
        const { s, slope } = score(args, q, k, i, h, j);
        const p = Math.exp(s - (lseDelta[at * 2] ?? 0));
        let dp = 0;
        for (let d = 0; d < headDim; d += 1) dp += (dy[at * headDim + d] ?? 0) * (v[key + d] ?? 0);
        const ds = p * (dp - (lseDelta[at * 2 + 1] ?? 0)) * slope * scale;
        for (let d = 0; d < headDim; d += 1) {
          dv[key + d] = (dv[key + d] ?? 0) + p * (dy[at * headDim + d] ?? 0);
          dq[at * headDim + d] = (dq[at * headDim + d] ?? 0) + ds * (k[key + d] ?? 0);
          dk[key + d] = (dk[key + d] ?? 0) + ds * (q[at * headDim + d] ?? 0);
        }
      }
    }
  }
  return { dq, dk, dv };
}
