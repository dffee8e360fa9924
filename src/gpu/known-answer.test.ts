import { expect, it } from 'vitest';
import { testGpu } from '../../test/harness/gpu.ts';
import { checkKnownAnswer } from './known-answer.ts';

it('finds a GPU that computes right, gives everything back, and names one that does not', async () => {
  const gpu = await testGpu();
  const before = gpu.bytesAllocated;
  await checkKnownAnswer(gpu);
  expect(gpu.bytesAllocated).toBe(before);
  const flipped = Object.assign(Object.create(gpu) as typeof gpu, {
    scoped: gpu.scoped.bind(gpu),
    allocate: gpu.allocate.bind(gpu),
    createBuffer: gpu.createBuffer.bind(gpu),
    uploadBuffer: gpu.uploadBuffer.bind(gpu),
    destroyBuffer: gpu.destroyBuffer.bind(gpu),
    readBuffer: async (buffer: GPUBuffer, offset: number, bytes: number) => {
      const content = await gpu.readBuffer(buffer, offset, bytes);
      new Uint8Array(content)[41] = (new Uint8Array(content)[41] ?? 0) ^ 1;
      return content;
    },
  });
  await expect(checkKnownAnswer(flipped)).rejects.toMatchObject({
    code: 'no-webgpu',
    message: expect.stringContaining('1 wrong values of 1024') as string,
  });
  expect(gpu.bytesAllocated).toBe(before);
});
