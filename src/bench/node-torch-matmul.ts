import { matmulRow } from './matmul-peers.ts';
import { benchTorch, type TorchDevice } from './node-torch.ts';
import type { About, BenchRow } from './row.ts';
import script from './torch_matmul.py?raw';

const REPEATS = 5;

/** x·Wᵀ of two square matrices in PyTorch, in f32: a native yardstick. */
export async function benchTorchMatmul(size: number, device: TorchDevice, about: About): Promise<BenchRow> {
  const row = { ...matmulRow(size, 'f32'), ...about };
  const measured = await benchTorch(row, { script, device, warmUps: 0 }, () =>
    Promise.resolve({ size, repeats: REPEATS }),
  );
  const { medianMs } = measured;
  return { ...measured, ...(medianMs !== undefined && { gflops: (2 * size ** 3) / medianMs / 1e6 }) };
}
