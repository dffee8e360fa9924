import { describe, expect, it } from 'vitest';
import { testGpu } from '../../../test/harness/gpu.ts';
import { openTfjs } from './backend.ts';
import { assertKnownAnswer } from './known-answer.ts';
import { readValues, type Tf } from './library.ts';

describe('openTfjs', () => {
  it('opens the cpu, and names what is not there', async () => {
    expect((await openTfjs('cpu')).getBackend()).toBe('cpu');
    await expect(openTfjs('wasm')).rejects.toThrow(/'wasm': got a backend that is not registered.*device cpu/);
    await expect(openTfjs('webgpu')).rejects.toThrow(/got no device/);
  });

  it('shares our device, after it gave the known answer', async () => {
    const gpu = await testGpu();
    for (let i = 0; i < 2; i += 1) {
      const tf = await openTfjs('webgpu', gpu);
      expect(tf.getBackend()).toBe('weblora-webgpu');
      const product = tf.matMul(tf.tensor2d([1, 2, 3, 4], [2, 2]), tf.tensor2d([5, 6, 7, 8], [2, 2]));
      expect([...(await readValues(product))]).toEqual([19, 22, 43, 50]);
    }
    gpu.assertHealthy();
    await openTfjs('cpu');
  });

  it('refuses a backend that computes something else', async () => {
    const tf = await openTfjs('cpu');
    const name = 'weblora-wrong';
    tf.copyRegisteredKernels('cpu', name);
    const Backend = tf.backend().constructor as new () => ReturnType<Tf['backend']>;
    tf.registerBackend(name, () => new Backend());
    await assertKnownAnswer(tf, name);
    const identity = tf.getKernel('Identity', name);
    tf.unregisterKernel('Sigmoid', name);
    tf.registerKernel({ ...identity, kernelName: 'Sigmoid' });
    await expect(assertKnownAnswer(tf, name)).rejects.toThrow(
      /'weblora-wrong' computes a wrong loss: got a relative error/,
    );
    await openTfjs('cpu');
    tf.removeBackend(name);
  });
});
