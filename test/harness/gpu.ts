import { afterAll } from 'vitest';
import type { Gpu, GpuLimits } from '../../src/gpu/gpu.ts';
import { openNodeGpu } from '../../src/gpu/node.ts';

let shared: Promise<Gpu> | undefined;

/**
 * The device every GPU test of a process shares. Specification default limits, so that a kernel that needs more fails
 * here before it fails on somebody's phone. A machine without any adapter fails the test: nothing is skipped.
 */
export function testGpu(): Promise<Gpu> {
  shared ??= openNodeGpu({ limits: 'defaults' });
  return shared;
}

/** A device of its own, e.g. for a forced binding limit; destroyed after the file's tests. */
export async function openTestGpu(cap: Partial<GpuLimits> = {}): Promise<Gpu> {
  const gpu = await openNodeGpu({ limits: 'defaults', cap });
  afterAll(() => {
    gpu.destroy();
  });
  return gpu;
}
