import { benchLaunch, type BenchCase } from '../kernels/_lib/bench.ts';
import { openNodeGpu } from '../src/gpu/node.ts';
import { aboutAdapter } from './about.ts';

const ROOMS = import.meta.glob<{ benchCases: () => BenchCase[] }>('../kernels/*/*.bench.ts');

/** Times the cases of every kernel room that has some: one JSON row each, on standard output. */
export async function benchKernels(only: string | undefined): Promise<void> {
  const gpu = await openNodeGpu({ onNotice: (message) => process.stderr.write(`${message}\n`) });
  const about = aboutAdapter(gpu);
  try {
    for (const [path, load] of Object.entries(ROOMS)) {
      if (only !== undefined && !path.includes(`/${only}/`)) continue;
      const { benchCases } = await load();
      for (const one of benchCases()) {
        const { medianMs, gflops } = await benchLaunch(gpu, one);
        const row = { suite: 'kernels', case: one.name, impl: 'weblora', ...about, medianMs, gflops, status: 'ok' };
        process.stdout.write(`${JSON.stringify(row)}\n`);
      }
    }
  } finally {
    gpu.destroy();
  }
}
