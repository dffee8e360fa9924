import { codeWordsPerRow, scaleWordsPerRow, type WeightFormat } from '../../src/formats/quantize.ts';
import type { KernelVariant } from '../../src/gpu/device-profile.ts';
import type { Launch } from '../../src/gpu/kernel.ts';
import { matmulNt } from './matmul_nt.ts';

/** x·Wᵀ of two square matrices, with W in a given format, which measures a device's speed. @returns the launch and its operands' words */
export function squareProduct(
  size: number,
  format: WeightFormat,
  variant: KernelVariant,
): { readonly launch: Launch; readonly words: Readonly<Record<string, number>> } {
  const shape = { rows: size, inFeatures: size, outFeatures: size, outStride: size, outOffset: 0, format };
  const words = {
    x: size * size,
    w_codes: size * codeWordsPerRow(format, size),
    w_scales: size * scaleWordsPerRow(format, size),
    y: size * size,
  };
  return { launch: matmulNt({ ...shape, bias: false, rank: 0, loraScale: 0, variant }), words };
}
