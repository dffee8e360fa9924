import { benchTorchMatmul } from './node-torch-matmul.ts';
import { benchTorchTrain } from './node-torch-train.ts';
import type { NodePeers } from './suites.ts';

/** For runSuites where it runs in Node. */
export const nodePeers: NodePeers = { benchTorchTrain, benchTorchMatmul, provideWebGpu };

/** Makes this process's `navigator.gpu`, and the classes that go with it. */
async function provideWebGpu(): Promise<void> {
  const { create, globals } = await import('webgpu');
  for (const [name, value] of Object.entries(globals as Record<string, unknown>))
    if (!(name in globalThis)) Object.assign(globalThis, { [name]: value });
  Object.defineProperty(globalThis, 'navigator', {
    value: { gpu: create([]), userAgent: 'Node.js' },
    configurable: true,
  });
}
