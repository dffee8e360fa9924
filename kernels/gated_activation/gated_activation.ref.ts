/** f64 reference of kernels/gated_activation, with the tanh of the paper rather than the kernel's sigmoid; imports nothing. */
type Act = 'silu' | 'gelu_tanh';

export function activationRef(act: Act, x: number): { value: number; slope: number } {
  if (act === 'silu') {
    const sigmoid = 1 / (1 + Math.exp(-x));
    return { value: x * sigmoid, slope: sigmoid + x * sigmoid * (1 - sigmoid) };
  }
  const root = Math.sqrt(2 / Math.PI);
  const t = Math.tanh(root * (x + 0.044715 * x ** 3));
  return { value: 0.5 * x * (1 + t), slope: 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * root * (1 + 3 * 0.044715 * x * x) };
}

type Values = ArrayLike<number>;

export function gatedForwardRef(act: Act, gate: Values, up: Values): Float64Array {
  return Float64Array.from(gate, (g, i) => activationRef(act, g).value * (up[i] ?? 0));
}

export function gatedBackwardRef(
  act: Act,
  gate: Values,
  up: Values,
  dy: Values,
): { dgate: Float64Array; dup: Float64Array } {
  return {
    dgate: Float64Array.from(gate, (g, i) => (dy[i] ?? 0) * (up[i] ?? 0) * activationRef(act, g).slope),
    dup: Float64Array.from(gate, (g, i) => (dy[i] ?? 0) * activationRef(act, g).value),
  };
}
