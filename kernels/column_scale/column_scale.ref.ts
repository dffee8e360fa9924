/** f64 reference of kernels/column_scale; imports nothing, so that it is independent of the kernel. */
export function columnScaleRef(
  z: ArrayLike<number>,
  factor: ArrayLike<number>,
  bias: ArrayLike<number> | undefined,
): Float64Array {
  const cols = factor.length;
  return Float64Array.from(z, (value, at) => value * (factor[at % cols] ?? Number.NaN) + (bias?.[at % cols] ?? 0));
}

/** Gradients of sum(dy · columnScaleRef(z, magnitude · inverseNorm)) in z and in magnitude. */
export function columnScaleBackwardRef(
  z: ArrayLike<number>,
  dy: ArrayLike<number>,
  magnitude: ArrayLike<number>,
  inverseNorm: ArrayLike<number>,
): { dz: Float64Array; dMagnitude: Float64Array } {
  const cols = magnitude.length;
  const dMagnitude = new Float64Array(cols);
  const dz = Float64Array.from(dy, (gradient, at) => {
    const o = at % cols;
    dMagnitude[o] = (dMagnitude[o] ?? 0) + (inverseNorm[o] ?? Number.NaN) * gradient * (z[at] ?? Number.NaN);
    return gradient * (magnitude[o] ?? Number.NaN) * (inverseNorm[o] ?? Number.NaN);
  });
  return { dz, dMagnitude };
}
