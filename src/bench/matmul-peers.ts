import { timeRepeated } from '../../kernels/_lib/bench.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { openTfjs } from '../graph/tfjs/backend.ts';
import { benchSquare } from './roofline.ts';
import { openJax } from './jax.ts';
import { notMeasured, summarise, type About, type BenchRow } from './row.ts';

const REPEATS = 5;

/** What rows of one product have in common. */
export function matmulRow(size: number, format: 'f32' | 'q4'): Pick<BenchRow, 'suite' | 'case'> {
  return { suite: 'kernels', case: `matmul x·Wᵀ ${format} ${size}x${size}x${size}` };
}

/** x·Wᵀ of two square matrices on one adapter: ours in f32 and q4, stock tfjs-webgpu's and jax-js's in f32. */
export async function* benchMatmul(
  gpu: Gpu,
  { size, provideWebGpu }: { readonly size: number; readonly provideWebGpu: Parameters<typeof openJax>[0] },
  about: About,
): AsyncGenerator<BenchRow> {
  const flops = 2 * size ** 3;
  const row = (impl: string, times: readonly number[]): BenchRow => {
    const spread = summarise(times);
    return {
      ...matmulRow(size, 'f32'),
      impl,
      ...about,
      ...spread,
      gflops: flops / spread.medianMs / 1e6,
      status: 'ok',
    };
  };
  const missed = (impl: string, error: unknown): BenchRow => ({
    ...matmulRow(size, 'f32'),
    impl,
    ...about,
    status: notMeasured(error),
  });

  for (const format of ['f32', 'q4'] as const) {
    const { kernel, ...measured } = await benchSquare(gpu, size, format);
    yield { ...matmulRow(size, format), impl: 'weblora', ...about, ...measured, kernel, status: 'ok' };
  }

  try {
    const tf = await openTfjs('webgpu', gpu);
    const a = tf.fill([size, size], 1e-2);
    const times = await timed(async (products) => {
      for (let i = 1; i < products; i += 1) tf.matMul(a, a, false, true).dispose();
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
    const jax = await openJax(provideWebGpu);
    const a = jax.numpy.full([size, size], 1e-2);
    const product = jax.jit((x: typeof a) => jax.numpy.matmul(x.ref, jax.numpy.transpose(x)));
    const times = await timed(async (products) => {
      // All are referenced until then: a result that is disposed of before it is computed may never be computed.
      const all = Array.from({ length: products }, () => product(a.ref));
      await Promise.all(all.map((y) => y.blockUntilReady()));
      for (const y of all) y.dispose();
    });
    a.dispose();
    yield row('jax-js', times);
  } catch (error) {
    yield missed('jax-js', error);
  }
}

/** Milliseconds of a product, as ours is timed: so many are begun before they are waited for. */
async function timed(run: (products: number) => Promise<void>): Promise<number[]> {
  await run(1); // compiles
  return timeRepeated(async (products) => {
    const start = performance.now();
    await run(products);
    return performance.now() - start;
  }, REPEATS);
}
