/** f64 reference of kernels/decay_to_start; imports nothing, so that it is independent of the kernel. */
export function decayToStartRef(param: ArrayLike<number>, start: ArrayLike<number>, rate: number): Float64Array {
  return Float64Array.from(param, (value, i) => (1 - rate) * value + rate * (start[i] ?? Number.NaN));
}
