/** f64 reference of kernels/linear_cross_entropy; imports nothing, so that it is independent of the kernel. */
export interface HeadOptions {
  readonly logitScale?: number;
  readonly softCap?: number;
  /** Share of the label's probability that is spread over all of the vocabulary. */
  readonly smoothing?: number;
}

/** Per-row loss of logits [rows, V] and its gradient with respect to them. */
export function crossEntropyRowsRef(
  logits: Float64Array,
  labels: ArrayLike<number>,
  vocab: number,
  { logitScale = 1, softCap = 0, smoothing = 0 }: HeadOptions = {},
): { nll: Float64Array; dLogits: Float64Array } {
  const rows = logits.length / vocab;
  const nll = new Float64Array(rows);
  const dLogits = new Float64Array(logits.length);
  for (let n = 0; n < rows; n += 1) {
    const scaled = logits.subarray(n * vocab, (n + 1) * vocab).map((l) => l * logitScale);
    const z = softCap === 0 ? scaled : scaled.map((l) => softCap * Math.tanh(l / softCap));
    const largest = z.reduce((a, b) => Math.max(a, b), -Infinity);
    const sum = z.reduce((a, b) => a + Math.exp(b - largest), 0);
    const label = labels[n] ?? Number.NaN;
    const mean = z.reduce((a, b) => a + b, 0) / vocab;
    nll[n] = Math.log(sum) + largest - (1 - smoothing) * (z[label] ?? Number.NaN) - smoothing * mean;
    for (let v = 0; v < vocab; v += 1) {
      const probability = Math.exp((z[v] ?? Number.NaN) - largest) / sum;
      const slope = softCap === 0 ? logitScale : logitScale / Math.cosh((scaled[v] ?? Number.NaN) / softCap) ** 2;
      dLogits[n * vocab + v] = (probability - (v === label ? 1 - smoothing : 0) - smoothing / vocab) * slope;
    }
  }
  return { nll, dLogits };
}

/** The whole loss head: logits = x · Wᵀ of x [rows, C] and W [V, C], per-row losses, and d nll[n] / d x[n, :]. */
export function linearCrossEntropyRef(
  x: Float64Array,
  w: Float64Array,
  labels: ArrayLike<number>,
  cols: number,
  options: HeadOptions = {},
): { logits: Float64Array; nll: Float64Array; dx: Float64Array } {
  const rows = x.length / cols;
  const vocab = w.length / cols;
  const logits = new Float64Array(rows * vocab);
  for (let n = 0; n < rows; n += 1) {
    for (let v = 0; v < vocab; v += 1) {
      let dot = 0;
      for (let c = 0; c < cols; c += 1) dot += (x[n * cols + c] ?? 0) * (w[v * cols + c] ?? 0);
      logits[n * vocab + v] = dot;
    }
  }
  const { nll, dLogits } = crossEntropyRowsRef(logits, labels, vocab, options);
  return { logits, nll, dx: headBackwardRef(dLogits, w, cols) };
}

/** dx = dLogits · W. */
export function headBackwardRef(dLogits: ArrayLike<number>, w: Float64Array, cols: number): Float64Array {
  const vocab = w.length / cols;
  const rows = dLogits.length / vocab;
  const dx = new Float64Array(rows * cols);
  for (let n = 0; n < rows; n += 1) {
    for (let v = 0; v < vocab; v += 1) {
      const d = dLogits[n * vocab + v] ?? Number.NaN;
      for (let c = 0; c < cols; c += 1) dx[n * cols + c] = (dx[n * cols + c] ?? 0) + d * (w[v * cols + c] ?? 0);
    }
  }
  return dx;
}
