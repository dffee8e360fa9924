import type { AdapterKind } from './kind.ts';
import { addBranch, initialLora, LORA_PARTS } from './lora.ts';

/**
 * Weight-decomposed LoRA: y = m·(W + s·B·A)·x / |W + s·B·A|, norms by row and constant in gradients. Liu et al. 2024,
 * arXiv:2402.09353. Dropout applies to the input of the rank-r branch, as in LoRA; PEFT drops the input of the base's share of
 * the magnitude too.
 */
export const dora: AdapterKind<'dora'> = {
  name: 'dora',
  label: 'DoRA',
  scale: (alpha, rank) => alpha / rank,
  parts: [
    ...LORA_PARTS,
    {
      key: 'magnitude',
      name: 'lora_magnitude_vector',
      group: 'magnitude',
      shape: ({ outFeatures }) => [1, outFeatures],
    },
  ],
  initial: async (module, source) => ({
    ...(await initialLora(module, source)),
    magnitude: await source.baseRowNorms(),
  }),
  slot: (g, weight, part, { scale, dropout, share }) => {
    const [a, b, magnitude] = [part('a'), part('b'), part('magnitude')];
    const derived = g.doraScale({ weight, loraA: a, loraB: b, magnitude, scale, share });
    return { a, b, scale, dropout, rowScale: { ...derived, magnitude } };
  },
  peft: { use_dora: true, use_rslora: false },
  merge: (weight, values, scale, module) => {
    addBranch(weight, values, scale, module);
    const { inFeatures, outFeatures } = module;
    for (let o = 0; o < outFeatures; o++) {
      const row = weight.subarray(o * inFeatures, (o + 1) * inFeatures);
      const norm = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
      const factor = norm === 0 ? 0 : (values.magnitude?.[o] ?? 0) / norm;
      for (let i = 0; i < inFeatures; i++) row[i] = (row[i] ?? 0) * factor;
    }
  },
};
