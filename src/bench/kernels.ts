import { benchLaunch, type BenchCase } from '../../kernels/_lib/bench.ts';
import { WebLoraError } from '../errors.ts';
import { supportsVariant } from '../gpu/device-profile.ts';
import type { Gpu } from '../gpu/gpu.ts';
import type { About, BenchRow } from './row.ts';

const BENCHES = import.meta.glob<{ benchCases: () => BenchCase[] }>('../../kernels/*/*.bench.ts');

/**
 * Times the cases of every kernel that has some, or of one kernel.
 * @throws `usage` when that kernel has none
 */
export async function* benchKernels(gpu: Gpu, kernel: string | undefined, about: About): AsyncGenerator<BenchRow> {
  const benches = new Map(Object.entries(BENCHES).map(([path, load]) => [path.split('/').at(-2), load]));
  if (kernel !== undefined && !benches.has(kernel))
    throw new WebLoraError('usage', 'no benchmark of that kernel', {
      got: kernel,
      wanted: [...benches.keys()].join(', '),
      fix: 'correct the name, or leave it out for all',
    });
  for (const [name, load] of benches) {
    if (kernel !== undefined && name !== kernel) continue;
    const { benchCases } = await load();
    for (const one of benchCases()) {
      // Entries that share loads within subgroups of exactly four, on a device whose subgroups are others.
      if (one.launch.entry.startsWith('quads') && !supportsVariant(gpu.profile, 'serial-quad')) continue;
      const { gflops, ...spread } = await benchLaunch(gpu, one);
      yield { suite: 'kernels', case: one.name, impl: 'weblora', ...about, ...spread, gflops, status: 'ok' };
    }
  }
}
