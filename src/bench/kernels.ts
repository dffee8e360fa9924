import { benchLaunch, type BenchCase } from '../../kernels/_lib/bench.ts';
import type { Gpu } from '../gpu/gpu.ts';
import type { About, BenchRow } from './row.ts';

const ROOMS = import.meta.glob<{ benchCases: () => BenchCase[] }>('../../kernels/*/*.bench.ts');

/** Times the cases of every kernel room that has some, or of one room. */
export async function* benchKernels(gpu: Gpu, room: string | undefined, about: About): AsyncGenerator<BenchRow> {
  for (const [path, load] of Object.entries(ROOMS)) {
    if (room !== undefined && !path.includes(`/${room}/`)) continue;
    const { benchCases } = await load();
    for (const one of benchCases()) {
      const { gflops, ...spread } = await benchLaunch(gpu, one);
      yield { suite: 'kernels', case: one.name, impl: 'weblora', ...about, ...spread, gflops, status: 'ok' };
    }
  }
}
