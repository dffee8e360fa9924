/** f64 reference of kernels/copy_columns; imports nothing. */
interface Block {
  readonly stride: number;
  readonly offset: number;
}

/** y with a block of its columns replaced by one of x's. */
export function copyColumnsRef(
  { rows, cols, from, to }: { rows: number; cols: number; from: Block; to: Block },
  x: ArrayLike<number>,
  y: ArrayLike<number>,
): Float64Array {
  const result = Float64Array.from(y);
  for (let n = 0; n < rows; n += 1) {
    for (let c = 0; c < cols; c += 1) result[n * to.stride + to.offset + c] = x[n * from.stride + from.offset + c] ?? 0;
  }
  return result;
}
