import { signal } from '@preact/signals';
import { findGpuCase, surroundings, type GpuCase } from './webgpu-help.ts';

/** Why there is no graphics chip, or that there is one; undefined until it was found out. */
export const gpuCase = signal<GpuCase | undefined>(undefined);

/** Looked for only when the engine had to do without, or has an imitation. */
export async function explainGpu(): Promise<void> {
  gpuCase.value = await findGpuCase(surroundings());
}
