/** f64 reference of kernels/add; imports nothing. Its gradient is dy itself for both operands. */
export function addRef(a: ArrayLike<number>, b: ArrayLike<number>): Float64Array {
  return Float64Array.from(a, (value, i) => value + (b[i] ?? 0));
}
