import { benchLaunch, timeRepeated, type BenchResult } from '../../kernels/_lib/bench.ts';
import { squareProduct } from '../../kernels/matmul_nt/square.ts';
import type { WeightFormat } from '../formats/quantize.ts';
import { Usage, type Gpu } from '../gpu/gpu.ts';
import { fastestTiling } from '../graph/tune.ts';
import { summarise } from './row.ts';

/** What an adapter reaches at best, measured: the two sides of a roofline (Williams et al. 2009). */
export interface RooflinePeaks {
  /** Of the better of our f32 and q4 matmuls, 1024 x 1024 x 1024: where loads are dear, q4 has fewer. */
  readonly gflops: number;
  /** Of copying a buffer, bytes read and written. */
  readonly gbPerSec: number;
}

const SIZE = 1024;
const COPY_BYTES = 64 * 2 ** 20;
const REPEATS = 5;

export async function measurePeaks(gpu: Gpu): Promise<RooflinePeaks> {
  const dense = await benchSquare(gpu, SIZE, 'f32');
  const quantised = await benchSquare(gpu, SIZE, 'q4');
  return { gflops: Math.max(dense.gflops, quantised.gflops), gbPerSec: await copyBandwidth(gpu) };
}

/** x·Wᵀ of two square matrices, W in a format, by the tiling that a run would choose. */
export async function benchSquare(
  gpu: Gpu,
  size: number,
  format: WeightFormat,
): Promise<BenchResult & { readonly kernel: string }> {
  const { launch, words } = squareProduct(size, format, gpu.profile.variant);
  const kernel = await fastestTiling(gpu, launch, words);
  const name = `x·Wᵀ ${format} ${size}`;
  return { ...(await benchLaunch(gpu, { name, launch: launch.tilings?.launches[kernel] ?? launch, words })), kernel };
}

/** Bytes read and written by copying a buffer, in GB/s. */
export async function copyBandwidth(gpu: Gpu): Promise<number> {
  const bytes = Math.min(COPY_BYTES, gpu.profile.limits.maxBufferBytes);
  const [from, to] = ['copied from', 'copied to'].map((label) =>
    gpu.createBuffer(label, bytes, Usage.copySrc | Usage.copyDst),
  );
  if (from === undefined || to === undefined) return Number.NaN;
  const copy = async (times: number): Promise<number> => {
    const encoder = gpu.device.createCommandEncoder();
    for (let i = 0; i < times; i += 1) encoder.copyBufferToBuffer(from, 0, to, 0, bytes);
    const start = performance.now();
    gpu.device.queue.submit([encoder.finish()]);
    await gpu.idle();
    return performance.now() - start;
  };
  try {
    await copy(1); // clears the buffers
    return (2 * bytes) / summarise(await timeRepeated(copy, REPEATS)).medianMs / 1e6;
  } finally {
    gpu.destroyBuffer(from);
    gpu.destroyBuffer(to);
  }
}
