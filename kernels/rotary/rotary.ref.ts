/** f64 reference of kernels/rotary; imports nothing. The gradient is the rotation by the opposite angle. */
export interface RotaryRefArgs {
  readonly rows: number;
  readonly heads: number;
  readonly headDim: number;
  readonly rotaryDim: number;
}

type Values = ArrayLike<number>;

export function rotaryRef(args: RotaryRefArgs, x: Values, positions: Values, cos: Values, sin: Values): Float64Array {
  const { rows, heads, headDim, rotaryDim } = args;
  const half = rotaryDim / 2;
  const y = Float64Array.from(x);
  for (let n = 0; n < rows; n += 1) {
    for (let h = 0; h < heads; h += 1) {
      for (let d = 0; d < half; d += 1) {
        const first = (n * heads + h) * headDim + d;
        const [c, s] = [cos[(positions[n] ?? 0) * half + d] ?? 0, sin[(positions[n] ?? 0) * half + d] ?? 0];
        const [a, b] = [x[first] ?? 0, x[first + half] ?? 0];
        y[first] = a * c - b * s;
        y[first + half] = b * c + a * s;
      }
    }
  }
  return y;
}

export function rotaryBackwardRef(
  args: RotaryRefArgs,
  dy: Values,
  positions: Values,
  cos: Values,
  sin: Values,
): Float64Array {
  return rotaryRef(
    args,
    dy,
    positions,
    cos,
    Float64Array.from(sin, (s) => -s),
  );
}
