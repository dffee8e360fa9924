import { benchLaunch } from '../../kernels/_lib/bench.ts';
import { squareProduct } from '../../kernels/matmul_nt/square.ts';
import type { Gpu } from '../gpu/gpu.ts';

/** Rows, inputs and outputs of the product: large enough to fill a laptop's GPU, some 10 ms on a software adapter. */
const SIZE = 512;
/** Share of this product's rate that a whole training step reaches; 0.56 to 0.75 on a software adapter (docs/performance.md). */
const STEP_SHARE = 0.6;

/**
 * Floating-point operations a second that a training step may reach here, estimated from the kernel that most of a step is:
 * x·Wᵀ in q4 with its default tiling. Takes a few hundred milliseconds; WebGPU tells nobody how fast a device is.
 */
export async function probeSpeed(gpu: Gpu): Promise<number> {
  const product = squareProduct(SIZE, 'q4', gpu.profile.variant);
  const { gflops } = await benchLaunch(gpu, { name: 'the speed probe', ...product });
  return gflops * 1e9 * STEP_SHARE;
}
