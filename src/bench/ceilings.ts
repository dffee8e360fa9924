import { benchLaunch, type BenchResult } from '../../kernels/_lib/bench.ts';
import { matmulNt, selectMatmulNt } from '../../kernels/matmul_nt/matmul_nt.ts';
import { codeWordsPerRow, scaleWordsPerRow, type WeightFormat } from '../formats/quantize.ts';
import { Usage, type Gpu } from '../gpu/gpu.ts';
import { canCompile } from '../graph/tune.ts';
import { summarise } from './row.ts';

/** What an adapter reaches at best, measured: the two sides of a roofline (Williams et al. 2009). */
export interface Ceilings {
  /** Of the better of our f32 and q4 matmuls, 1024 x 1024 x 1024: where loads are dear, q4 has fewer. */
  readonly gflops: number;
  /** Of copying a buffer, bytes read and written. */
  readonly gbPerSec: number;
}

const SIZE = 1024;
const COPY_BYTES = 64 * 2 ** 20;
const REPEATS = 5;
const LONG_ENOUGH_MS = 10;
const MOST_COPIES = 64;

export async function measureCeilings(gpu: Gpu): Promise<Ceilings> {
  const dense = await benchSquare(gpu, SIZE, 'f32');
  const quantised = await benchSquare(gpu, SIZE, 'q4');
  return { gflops: Math.max(dense.gflops, quantised.gflops), gbPerSec: await copyBandwidth(gpu) };
}

/** x·Wᵀ of two square matrices, W in a format, by the fastest of the tilings that a training step may take. */
export async function benchSquare(
  gpu: Gpu,
  size: number,
  format: WeightFormat,
): Promise<BenchResult & { readonly kernel: string }> {
  const { variant, quads } = gpu;
  const shape = { rows: size, inFeatures: size, outFeatures: size, outStride: size, outOffset: 0, format };
  const product = { ...shape, bias: false, rank: 0, loraScale: 0, variant, quads };
  const launch = matmulNt(product);
  const tilings = launch.tilings?.launches ?? { [selectMatmulNt(product)]: launch };
  const words = {
    x: size * size,
    w_codes: size * codeWordsPerRow(format, size),
    w_scales: size * scaleWordsPerRow(format, size),
    y: size * size,
  };
  let best: (BenchResult & { readonly kernel: string }) | undefined;
  for (const [kernel, tiling] of Object.entries(tilings)) {
    if (!canCompile(gpu, tiling.kernel)) continue;
    const result = await benchLaunch(gpu, { name: `x·Wᵀ ${format} ${size} ${kernel}`, launch: tiling, words });
    if (best === undefined || result.medianMs < best.medianMs) best = { ...result, kernel };
  }
  if (best === undefined) throw new RangeError('no tiling of a product compiles');
  return best;
}

/** Bytes read and written by copying a buffer, in GB/s. */
export async function copyBandwidth(gpu: Gpu): Promise<number> {
  const bytes = Math.min(COPY_BYTES, gpu.limits.maxBufferBytes);
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
    // A fast GPU is done before the clock and the round trip are.
    const copies = Math.ceil(Math.min(MOST_COPIES, Math.max(1, LONG_ENOUGH_MS / (await copy(1)))));
    const times: number[] = [];
    while (times.length < REPEATS) times.push((await copy(copies)) / copies);
    return (2 * bytes) / summarise(times).medianMs / 1e6;
  } finally {
    gpu.destroyBuffer(from);
    gpu.destroyBuffer(to);
  }
}
