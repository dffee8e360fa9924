/** f64 reference of kernels/top_k by a full sort; imports nothing, so that it is independent of the kernel. */
export function topKRef(
  logits: ArrayLike<number>,
  vocab: number,
  k: number,
): { values: number[]; indices: number[]; lse: number[] } {
  const result: { values: number[]; indices: number[]; lse: number[] } = { values: [], indices: [], lse: [] };
  for (let row = 0; row < logits.length / vocab; row += 1) {
    const all = Array.from({ length: vocab }, (_, index) => ({
      index,
      value: logits[row * vocab + index] ?? Number.NaN,
    }));
    const finite = all
      .filter(({ value }) => Number.isFinite(value))
      .sort((a, b) => b.value - a.value || a.index - b.index);
    const largest = finite[0]?.value ?? Number.NaN;
    result.lse.push(largest + Math.log(all.reduce((sum, { value }) => sum + Math.exp(value - largest), 0)));
    for (let place = 0; place < k; place += 1) {
      result.values.push(finite[place]?.value ?? Math.fround(-3.4028234e38));
      result.indices.push(finite[place]?.index ?? 0xffffffff);
    }
  }
  return result;
}
