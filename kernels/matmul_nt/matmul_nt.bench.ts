import { codeWordsPerRow, scaleWordsPerRow, type WeightFormat } from '../../src/formats/quantize.ts';
import { KERNEL_VARIANTS } from '../../src/gpu/device-profile.ts';
import type { BenchCase } from '../_lib/bench.ts';
import { matmulNt, selectMatmulNt, type MatmulNtEntry } from './matmul_nt.ts';

/** Projections of a small model, its LoRA branch and one decoded row, by format and path. */
export function benchCases(): BenchCase[] {
  const shapes = [
    [1, 256, 736],
    [64, 256, 16],
    [64, 256, 256],
    [512, 736, 256],
  ] as const;
  const formats: readonly WeightFormat[] = ['f32', 'f16', 'q8', 'q4', 'nf4', 'q4_k', 'q6_k'];
  return shapes.flatMap(([rows, inFeatures, outFeatures]) =>
    formats.flatMap((format) => {
      const entries = new Set<MatmulNtEntry>([
        ...KERNEL_VARIANTS.map((variant) =>
          selectMatmulNt({ variant, rows, inFeatures, outFeatures, format, bias: false, rank: 0 }),
        ),
      ]);
      return [...entries].map((entry) => {
        const shape = { rows, inFeatures, outFeatures, outStride: outFeatures, outOffset: 0, format };
        return {
          name: `matmul_nt ${rows}x${inFeatures}->${outFeatures} ${format} ${entry}`,
          launch: matmulNt({ ...shape, bias: false, rank: 0, loraScale: 0, variant: 'serial' }, entry),
          words: {
            x: rows * inFeatures,
            w_codes: outFeatures * codeWordsPerRow(format, inFeatures),
            w_scales: outFeatures * scaleWordsPerRow(format, inFeatures),
            y: rows * outFeatures,
          },
        };
      });
    }),
  );
}
