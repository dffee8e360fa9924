/** f64 reference of kernels/adamw_8bit; imports nothing, so that it is independent of the kernel. */

/** Bits of a code's magnitude: m's eighth bit is its sign. */
export const BITS = { m: 7, v: 8 } as const;

/** What a magnitude t of `bits` bits stands for: decades of 1, 2, 4, … equal steps, each by its middle. */
export function valueOf(t: number, bits: number): number {
  if (t === 0) return 0;
  const decade = Math.floor(Math.log2(t));
  const steps = 2 ** decade;
  return 10 ** (decade + 1 - bits) * (0.1 + (0.9 * (t - steps + 0.5)) / steps);
}

/** The numbers of a flat group (m, or the roots of v) from its codes, one byte a value, and the scales of its blocks. */
export function decode(
  codes: ArrayLike<number>,
  scales: ArrayLike<number>,
  { bits, block }: { readonly bits: number; readonly block: number },
): Float64Array {
  return Float64Array.from({ length: codes.length }, (_, i) => {
    const code = codes[i] ?? Number.NaN;
    const isNegative = bits === 7 && code > 127;
    const value = valueOf(isNegative ? code - 128 : code, bits) * (scales[Math.floor(i / block)] ?? Number.NaN);
    return isNegative ? -value : value;
  });
}

/** Codes and scales of exact numbers: of all values that a code can stand for, the nearest, found by looking at all. */
export function encode(
  values: ArrayLike<number>,
  { bits, block, neverZero }: { readonly bits: number; readonly block: number; readonly neverZero: boolean },
): { readonly codes: Uint8Array; readonly scales: Float64Array } {
  const table = Array.from({ length: 2 ** bits }, (_, t) => valueOf(t, bits));
  const top = table.at(-1) ?? Number.NaN;
  const codes = new Uint8Array(values.length);
  const scales = new Float64Array(Math.ceil(values.length / block));
  for (let begin = 0; begin < values.length; begin += block) {
    const part = Array.from(
      { length: Math.min(block, values.length - begin) },
      (_, i) => values[begin + i] ?? Number.NaN,
    );
    const scale = Math.max(...part.map(Math.abs)) / top;
    scales[begin / block] = scale;
    part.forEach((value, i) => {
      if (value === 0) return;
      let nearest = neverZero ? 1 : 0;
      table.forEach((candidate, t) => {
        const isNearer =
          Math.abs(candidate * scale - Math.abs(value)) < Math.abs((table[nearest] ?? 0) * scale - Math.abs(value));
        if (isNearer && !(neverZero && t === 0)) nearest = t;
      });
      codes[begin + i] = nearest + (value < 0 ? 128 : 0);
    });
  }
  return { codes, scales };
}

/** The moments and parameters of one AdamW update in exact arithmetic, as kernels/adamw defines it; in place. */
export function adamwRef(
  { param, m, v }: { readonly param: Float64Array; readonly m: Float64Array; readonly v: Float64Array },
  grad: ArrayLike<number>,
  args: {
    readonly lr: number;
    readonly beta1: number;
    readonly beta2: number;
    readonly eps: number;
    readonly weightDecay: number;
    readonly factor: number;
    readonly update: number;
  },
): void {
  const { lr, beta1, beta2, eps, weightDecay, factor, update } = args;
  for (let i = 0; i < param.length; i += 1) {
    const g = (grad[i] ?? Number.NaN) * factor;
    const first = beta1 * (m[i] ?? Number.NaN) + (1 - beta1) * g;
    const second = beta2 * (v[i] ?? Number.NaN) + (1 - beta2) * g * g;
    m[i] = first;
    v[i] = second;
    const direction = first / (1 - beta1 ** update) / (Math.sqrt(second / (1 - beta2 ** update)) + eps);
    param[i] = (param[i] ?? Number.NaN) * (1 - lr * weightDecay) - lr * direction;
  }
}
