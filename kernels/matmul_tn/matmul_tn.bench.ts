import type { BenchCase } from '../_lib/bench.ts';
import { matmulTn } from './matmul_tn.ts';

/** Both orientations of a LoRA gradient at rank 16. */
export function benchCases(): BenchCase[] {
  const shapes = [
    [64, 16, 256],
    [512, 256, 16],
    [512, 16, 736],
  ] as const;
  return shapes.flatMap(([rows, p, q]) =>
    (['serial', 'quads', 'narrow'] as const).map((entry) => ({
      name: `matmul_tn ${rows}, ${p}x${q} ${entry}`,
      launch: matmulTn({ rows, p, q, alpha: 1, accumulate: true, variant: 'serial' }, entry),
      words: { a: rows * p, b: rows * q, g: p * q },
    })),
  );
}
