import { execFileSync } from 'node:child_process';
import { benchLaunch, type BenchCase } from '../kernels/_lib/bench.ts';
import { openNodeGpu } from '../src/gpu/node.ts';

const ROOMS = import.meta.glob<{ benchCases: () => BenchCase[] }>('../kernels/*/*.bench.ts');

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return 'unknown';
  }
}

/** Times the cases of every kernel room that has some: one JSON row each, on standard output. */
export async function benchKernels(only: string | undefined): Promise<void> {
  const gpu = await openNodeGpu({ onNotice: (message) => process.stderr.write(`${message}\n`) });
  const { adapter } = gpu;
  const about = {
    adapter: adapter.description || `${adapter.vendor} ${adapter.architecture}`.trim(),
    adapterKind: adapter.isSoftware ? 'software' : 'gpu',
    commit: commit(),
  };
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
