import { codeWordsPerRow, scaleWordsPerRow, type WeightFormat } from '../../src/formats/quantize.ts';
import type { BenchCase } from '../_lib/bench.ts';
import { matmulNn } from './matmul_nn.ts';

/** Gradients through the projections of a small model and through its LoRA branch, by format and path. */
export function benchCases(): BenchCase[] {
  const shapes = [
    [64, 256, 16],
    [64, 256, 256],
    [512, 256, 736],
  ] as const;
  const formats: readonly WeightFormat[] = ['f32', 'f16', 'q8', 'q4', 'nf4', 'q4_k', 'q6_k'];
  return shapes.flatMap(([rows, outFeatures, inFeatures]) =>
    formats.flatMap((format) =>
      (['serial', 'quads', 'wide'] as const).map((entry) => ({
        name: `matmul_nn ${rows}x${outFeatures}->${inFeatures} ${format} ${entry}`,
        launch: matmulNn(
          {
            rows,
            outFeatures,
            inFeatures,
            dyStride: outFeatures,
            dyOffset: 0,
            format,
            rank: 0,
            loraScale: 0,
            accumulate: false,
            variant: 'serial',
          },
          entry,
        ),
        words: {
          dy: rows * outFeatures,
          w_codes: outFeatures * codeWordsPerRow(format, inFeatures),
          w_scales: outFeatures * scaleWordsPerRow(format, inFeatures),
          dx: rows * inFeatures,
        },
      })),
    ),
  );
}
