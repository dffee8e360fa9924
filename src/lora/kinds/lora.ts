import type { AdapterKind, AdapterPart, InitialSource, ModuleShape, ModuleValues } from './kind.ts';

/** The group of B, whose learning rate LoRA+ raises. */
export const B_GROUP = 'B';

/** A and B are groups of their own, so that each can have its own learning rate. */
export const LORA_PARTS: readonly AdapterPart[] = [
  { key: 'a', name: 'lora_A.weight', group: 'A', shape: ({ rank, inFeatures }) => [rank, inFeatures] },
  { key: 'b', name: 'lora_B.weight', group: B_GROUP, shape: ({ rank, outFeatures }) => [outFeatures, rank] },
];

/** Low-rank adaptation: y = W·x + alpha/rank · B·A·x. Hu et al. 2021, arXiv:2106.09685. */
export const lora: AdapterKind<'lora'> = {
  name: 'lora',
  label: 'LoRA',
  scale: (alpha, rank) => alpha / rank,
  parts: LORA_PARTS,
  initial: initialLora,
  slot: (_, __, part, { scale, dropout }) => ({ a: part('a'), b: part('b'), scale, dropout }),
  peft: { use_dora: false, use_rslora: false },
  merge: addBranch,
};

/** A ~ U(±1/√inFeatures), B = 0: torch's initialisation of a linear layer, as PEFT has it. */
export async function initialLora({ rank, inFeatures, outFeatures }: ModuleShape, { uniform }: InitialSource) {
  const bound = 1 / Math.sqrt(inFeatures);
  return {
    a: Float32Array.from({ length: rank * inFeatures }, () => uniform() * bound),
    b: new Float32Array(outFeatures * rank),
  };
}

/**
 * weight += scale · B·A, summed in f64. Four ranks at a time take V8 half the time, and add in the same order.
 */
export function addBranch(weight: Float32Array, { a, b }: ModuleValues, scale: number, module: ModuleShape): void {
  const { rank, inFeatures, outFeatures } = module;
  const sums = new Float64Array(inFeatures);
  for (let o = 0; o < outFeatures; o++) {
    sums.fill(0);
    let r = 0;
    for (; r + 4 <= rank; r += 4) {
      const at = o * rank + r;
      const [f0 = 0, f1 = 0, f2 = 0, f3 = 0] = [b[at], b[at + 1], b[at + 2], b[at + 3]];
      const [a0, a1, a2, a3] = [r * inFeatures, (r + 1) * inFeatures, (r + 2) * inFeatures, (r + 3) * inFeatures];
      for (let i = 0; i < inFeatures; i++) {
        sums[i] =
          (sums[i] ?? 0) +
          f0 * (a[a0 + i] ?? 0) +
          f1 * (a[a1 + i] ?? 0) +
          f2 * (a[a2 + i] ?? 0) +
          f3 * (a[a3 + i] ?? 0);
      }
    }
    for (; r < rank; r++) {
      const factor = b[o * rank + r] ?? 0;
      for (let i = 0; i < inFeatures; i++) sums[i] = (sums[i] ?? 0) + factor * (a[r * inFeatures + i] ?? 0);
    }
    const row = o * inFeatures;
    for (let i = 0; i < inFeatures; i++) weight[row + i] = (weight[row + i] ?? 0) + scale * (sums[i] ?? 0);
  }
}
