/** f64 reference of kernels/embedding_noise; imports nothing, so that it is independent of the kernel. */

/**
 * x plus noise.
 * @param x [N, C]
 * @param bounds [N, 2]
 * @param words a random 32-bit word for each element of x
 */
export function embeddingNoiseRef(
  x: ArrayLike<number>,
  bounds: ArrayLike<number>,
  words: ArrayLike<number>,
  amount: number,
): Float64Array {
  const cols = x.length / (bounds.length / 2);
  return Float64Array.from({ length: x.length }, (_, e) => {
    const row = Math.floor(e / cols);
    const length = (bounds[2 * row + 1] ?? Number.NaN) - (bounds[2 * row] ?? Number.NaN);
    const uniform = Math.floor((words[e] ?? Number.NaN) / 256) / 2 ** 23 - 1;
    return (x[e] ?? Number.NaN) + (amount / Math.sqrt(length * cols)) * uniform;
  });
}
