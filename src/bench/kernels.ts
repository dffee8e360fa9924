import { benchLaunch, type BenchCase } from '../../kernels/_lib/bench.ts';
import { WebLoraError } from '../errors.ts';
import type { Gpu } from '../gpu/gpu.ts';
import type { About, BenchRow } from './row.ts';

const ROOMS = import.meta.glob<{ benchCases: () => BenchCase[] }>('../../kernels/*/*.bench.ts');

/**
 * Times the cases of every kernel room that has some, or of one room.
 * @throws `usage` when that room has none
 */
export async function* benchKernels(gpu: Gpu, room: string | undefined, about: About): AsyncGenerator<BenchRow> {
  const rooms = new Map(Object.entries(ROOMS).map(([path, load]) => [path.split('/').at(-2), load]));
  if (room !== undefined && !rooms.has(room))
    throw new WebLoraError('usage', '--room', { got: room, wanted: [...rooms.keys()].join(', ') });
  for (const [name, load] of rooms) {
    if (room !== undefined && name !== room) continue;
    const { benchCases } = await load();
    for (const one of benchCases()) {
      const { gflops, ...spread } = await benchLaunch(gpu, one);
      yield { suite: 'kernels', case: one.name, impl: 'weblora', ...about, ...spread, gflops, status: 'ok' };
    }
  }
}
