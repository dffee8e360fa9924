/** f64 reference of kernels/embedding: y[n] = scale · W[token[n]]; imports nothing. */
export function embeddingRef(tokens: Uint32Array, w: Float64Array, cols: number, scale: number): Float64Array {
  return Float64Array.from({ length: tokens.length * cols }, (_, at) => {
    const token = tokens[Math.floor(at / cols)] ?? 0;
    return scale * (w[token * cols + (at % cols)] ?? 0);
  });
}
