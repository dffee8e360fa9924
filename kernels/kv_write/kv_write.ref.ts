/** Reference of kernels/kv_write: what the cache holds afterwards; imports nothing. */
export function kvWriteRef(
  rowValues: ArrayLike<number>,
  cols: number,
  slots: ArrayLike<number>,
  positions: ArrayLike<number>,
  cache: Float32Array,
  maxPositions: number,
): Float32Array {
  const after = cache.slice();
  for (let n = 0; n < slots.length; n += 1) {
    const [slot, position] = [slots[n] ?? 0, positions[n] ?? 0];
    if (slot === 0xffffffff || position >= maxPositions) continue;
    for (let c = 0; c < cols; c += 1) after[(slot * maxPositions + position) * cols + c] = rowValues[n * cols + c] ?? 0;
  }
  return after;
}
