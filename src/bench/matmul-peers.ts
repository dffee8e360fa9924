import { codeWordsPerRow } from '../formats/quantize.ts';
import { benchLaunch } from '../../kernels/_lib/bench.ts';
import { matmulNt, selectMatmulNt } from '../../kernels/matmul_nt/matmul_nt.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { openTfjs } from '../graph/tfjs/backend.ts';
import { openJax } from './jax.ts';
import { summarise, type About, type BenchRow } from './row.ts';

const REPEATS = 5;

/** x·Wᵀ of two square f32 matrices on one adapter: ours, stock tfjs-webgpu's and jax-js's. */
export async function* benchMatmul(gpu: Gpu, size: number, about: About): AsyncGenerator<BenchRow> {
  const name = `matmul x·Wᵀ f32 ${size}x${size}x${size}`;
  const flops = 2 * size ** 3;
  const row = (impl: string, times: readonly number[]): BenchRow => {
    const spread = summarise(times);
    return {
      suite: 'kernels',
      case: name,
      impl,
      ...about,
      ...spread,
      gflops: flops / spread.medianMs / 1e6,
      status: 'ok',
    };
  };
  const missed = (impl: string, error: unknown): BenchRow => ({
    suite: 'kernels',
    case: name,
    impl,
    ...about,
    status: `not measured: ${error instanceof Error ? error.message : String(error)}`,
  });

  const { variant, quads } = gpu;
  const entry = selectMatmulNt({ variant, quads, rows: size, outFeatures: size });
  const shape = {
    rows: size,
    inFeatures: size,
    outFeatures: size,
    outStride: size,
    outOffset: 0,
    format: 'f32',
  } as const;
  const { gflops, ...spread } = await benchLaunch(gpu, {
    name,
    launch: matmulNt({ ...shape, bias: false, rank: 0, loraScale: 0, variant }, entry),
    words: { x: size * size, w_codes: size * codeWordsPerRow('f32', size), w_scales: 0, y: size * size },
  });
  yield { suite: 'kernels', case: name, impl: 'weblora', ...about, ...spread, gflops, kernel: entry, status: 'ok' };

  try {
    const tf = await openTfjs('webgpu', gpu);
    const a = tf.fill([size, size], 1e-2);
    const times = await timed(async () => {
      const y = tf.matMul(a, a, false, true);
      const corner = tf.slice(y, [0, 0], [1, 1]);
      await corner.data(); // tfjs submits its commands when something is read
      tf.dispose([y, corner]);
    });
    a.dispose();
    yield row('tfjs-webgpu', times);
  } catch (error) {
    yield missed('tfjs-webgpu', error);
  }

  try {
    const jax = await openJax();
    const a = jax.numpy.full([size, size], 1e-2);
    const product = jax.jit((x: typeof a) => jax.numpy.matmul(x.ref, jax.numpy.transpose(x)));
    const times = await timed(async () => {
      const y = product(a.ref);
      await y.blockUntilReady();
      y.dispose();
    });
    a.dispose();
    yield row('jax-js', times);
  } catch (error) {
    yield missed('jax-js', error);
  }
}

async function timed(run: () => Promise<void>): Promise<number[]> {
  await run(); // compiles
  const times: number[] = [];
  for (let repeat = 0; repeat < REPEATS; repeat += 1) {
    const start = performance.now();
    await run();
    times.push(performance.now() - start);
  }
  return times;
}
