import { readFileSync } from 'node:fs';
import { afterAll, expect } from 'vitest';
import { recordGpu } from '../../scripts/gpu-record.ts';
import { WebLoraError } from '../../src/errors.ts';
import type { GpuLimits, KernelVariant } from '../../src/gpu/device-profile.ts';
import type { AdapterFacts, Gpu } from '../../src/gpu/gpu.ts';
import { openNodeGpu, type OpenNodeGpuOptions } from '../../src/gpu/node.ts';

let shared: Promise<Gpu> | undefined;

/**
 * The device every GPU test of a process shares. Specification default limits, so that a kernel that needs more fails
 * here before it fails on somebody's phone. A machine without any adapter fails the test: nothing is skipped.
 */
export function testGpu(): Promise<Gpu> {
  shared ??= open({ limits: 'defaults' });
  return shared;
}

/** A device of its own, e.g. for a forced binding limit or variant; destroyed after the file's tests. */
export async function openTestGpu(cap: Partial<GpuLimits> = {}, kernels?: KernelVariant): Promise<Gpu> {
  const gpu = await open({ limits: 'defaults', cap, ...(kernels && { kernels }) });
  afterAll(() => {
    gpu.destroy();
  });
  return gpu;
}

/**
 * A device opened for subgroup matrices, with the specification's limits; undefined where the adapter has none, so that a file
 * declares no test that needs one.
 */
export async function openMatrixGpu(): Promise<Gpu | undefined> {
  try {
    return await open({ limits: 'defaults', kernels: 'subgroup-matrix' });
  } catch (error) {
    if (error instanceof WebLoraError && error.code === 'config') return undefined;
    throw error;
  }
}

/** For a run made by the terminal command or the library, which open a device of their own: run.json says which. */
export function recordGpuOf(runJson: string): void {
  const { device } = JSON.parse(readFileSync(runJson, 'utf8')) as { device: AdapterFacts & { executor: string } };
  expect(device.executor).toBe('webgpu');
  record(device);
}

async function open(options: OpenNodeGpuOptions): Promise<Gpu> {
  const gpu = await openNodeGpu(options);
  record(gpu.adapter);
  return gpu;
}

/** `npm test` ends with the adapter's name, and fails when a GPU test never opened one. */
function record({ description, vendor, architecture, features }: AdapterFacts): void {
  recordGpu({
    file: expect.getState().testPath ?? 'unknown',
    adapter: description || [vendor, architecture].filter((part) => part !== '').join(' ') || 'unnamed GPU',
    features,
  });
}
