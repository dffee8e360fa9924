import type { TrainConfig } from './config.ts';

/**
 * Factor on the learning rate of update `index` (counted from 0) of `total`, as transformers' schedules compute it:
 * warm-up over W = ceil(ratio · total) updates with factor index / max(1, W), then cosine to 0, linear to 0, or 1.
 */
export function scheduleFactor(
  schedule: TrainConfig['schedule'],
  index: number,
  total: number,
  warmupRatio: number,
): number {
  const warmup = Math.ceil(warmupRatio * total);
  if (index < warmup) return index / Math.max(1, warmup);
  const progress = (index - warmup) / Math.max(1, total - warmup);
  switch (schedule) {
    case 'constant':
      return 1;
    case 'linear':
      return Math.max(0, 1 - progress);
    case 'cosine':
      return Math.max(0, 0.5 * (1 + Math.cos(Math.PI * progress)));
    default:
      return schedule satisfies never;
  }
}
