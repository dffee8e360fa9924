/** f64 reference of kernels/squared_norm; imports nothing, so that it is independent of the kernel. */
export function squaredNormRef(
  grads: readonly ArrayLike<number>[],
  { invTokens, maxNorm, ok }: { readonly invTokens: number; readonly maxNorm: number; readonly ok: boolean },
): { norm: number; factor: number; ok: boolean } {
  let sum = 0;
  for (const grad of grads) {
    for (let i = 0; i < grad.length; i += 1) sum += (grad[i] ?? Number.NaN) ** 2;
  }
  const norm = Math.sqrt(sum) * invTokens;
  if (!Number.isFinite(norm)) return { norm: Number.NaN, factor: 0, ok: false };
  const clip = maxNorm > 0 ? Math.min(1, maxNorm / (norm + 1e-6)) : 1;
  return { norm, factor: invTokens * clip, ok };
}
