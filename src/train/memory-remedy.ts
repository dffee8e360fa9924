import { CHECKPOINTING, type Checkpointing } from '../graph/differentiate.ts';
import type { RunRecord } from './run-record.ts';

/** What a run can be made smaller by: how it keeps activations, and into how many parts it takes each micro-batch. */
export interface Footprint {
  readonly kernels: RunRecord['kernels'];
  readonly split: number;
}

const STRONGEST: Checkpointing = CHECKPOINTING[CHECKPOINTING.length - 1] ?? 'none';

/**
 * A run with a smaller footprint: first the least is kept for the backward pass, which changes no bit of the result; then
 * micro-batches become half as large, or a third where they have three rows.
 * @param batchSize of the settings
 * @returns undefined where nothing of that is left
 */
export function smallerFootprint({ kernels, split }: Footprint, batchSize: number): Footprint | undefined {
  // Without a GPU there is no checkpointing to choose.
  if (kernels.executor === 'webgpu' && kernels.checkpointing !== STRONGEST)
    return { kernels: { ...kernels, checkpointing: STRONGEST }, split };
  const rows = batchSize / split;
  for (let parts = 2; parts <= rows; parts += 1) if (rows % parts === 0) return { kernels, split: split * parts };
  return undefined;
}
