import { benchLaunch } from '../../kernels/_lib/bench.ts';
import { matmulNt } from '../../kernels/matmul_nt/matmul_nt.ts';
import { codeWordsPerRow, scaleWordsPerRow } from '../formats/quantize.ts';
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
  const shape = {
    rows: SIZE,
    inFeatures: SIZE,
    outFeatures: SIZE,
    outStride: SIZE,
    outOffset: 0,
    format: 'q4',
  } as const;
  const launch = matmulNt({ ...shape, bias: false, rank: 0, loraScale: 0, variant: gpu.profile.variant });
  const words = {
    x: SIZE * SIZE,
    w_codes: SIZE * codeWordsPerRow('q4', SIZE),
    w_scales: SIZE * scaleWordsPerRow('q4', SIZE),
    y: SIZE * SIZE,
  };
  const { gflops } = await benchLaunch(gpu, { name: 'the speed probe', launch, words });
  return gflops * 1e9 * STEP_SHARE;
}
