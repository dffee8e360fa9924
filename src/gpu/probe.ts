import { WebLoraError } from '../errors.ts';
import { Usage, type Gpu } from './gpu.ts';

const CHUNK_BYTES = 256 * 2 ** 20;

/** GPU memory that could be had at once. */
export interface ProbedMemory {
  readonly availableBytes: number;
  /** The probe stopped at its own end: there may be more. */
  readonly isAtLeast: boolean;
}

/**
 * Allocates until the GPU refuses or `mostBytes` are had, under out-of-memory scopes, and gives everything back. WebGPU
 * tells nobody how much memory there is; a driver may still promise more than it can keep, so this is an estimate.
 */
export async function probeMemory(gpu: Gpu, mostBytes: number): Promise<ProbedMemory> {
  const held: { destroy(): void }[] = [];
  let availableBytes = 0;
  try {
    while (availableBytes < mostBytes) {
      const bytes = Math.min(CHUNK_BYTES, gpu.profile.limits.maxBufferBytes, mostBytes - availableBytes);
      held.push(
        await gpu.allocate('the memory probe', () => {
          const buffer = gpu.createBuffer('memory probe', bytes, Usage.storage);
          return { destroy: () => gpu.destroyBuffer(buffer) };
        }),
      );
      availableBytes += bytes;
    }
    return { availableBytes, isAtLeast: true };
  } catch (error) {
    if (error instanceof WebLoraError && error.code === 'out-of-memory') return { availableBytes, isAtLeast: false };
    throw error;
  } finally {
    for (const buffer of held) buffer.destroy();
  }
}
