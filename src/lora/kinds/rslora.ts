import type { AdapterKind } from './kind.ts';
import { lora } from './lora.ts';

/** Rank-stabilised LoRA: the branch is scaled by alpha/√rank. Kalajdzievski 2023, arXiv:2312.03732. */
export const rslora: AdapterKind<'rslora'> = {
  ...lora,
  name: 'rslora',
  label: 'rsLoRA',
  scale: (alpha, rank) => alpha / Math.sqrt(rank),
  peft: { use_dora: false, use_rslora: true },
};
