import { GpuBase } from '../../models/base/gpu-base.ts';
import type { OpenModel } from '../../models/checkpoint/open-model.ts';
import type { BaseFormat } from '../formats/quantize.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { compilePlans } from '../graph/replay.ts';
import { plansOf } from '../train/program.ts';
import { summarise, type About, type BenchRow } from './row.ts';
import { TrainingJob } from './training-job.ts';

const REPEATS = 3;

/**
 * What comes before a first step: reading, quantising and handing over the weights of an open model, and compiling a training
 * step's programs. A device compiles a program once, so it must not have compiled these before.
 */
export async function* benchLoad(
  gpu: Gpu,
  opened: OpenModel,
  { format, context, tokens }: { readonly format: BaseFormat; readonly context: number; readonly tokens: number },
  about: About,
): AsyncGenerator<BenchRow> {
  const row = { suite: 'load', impl: 'weblora', ...about, status: 'ok' } as const;
  const times: number[] = [];
  let peakBytes = 0;
  while (times.length < REPEATS) {
    const before = gpu.bytesAllocated;
    const start = performance.now();
    const base = await GpuBase.load(gpu, opened, { format, context });
    await gpu.idle();
    times.push(performance.now() - start);
    peakBytes = gpu.bytesAllocated - before;
    base.destroy();
  }
  yield {
    ...row,
    case: `${opened.name} ${format}: weights from the file onto the GPU`,
    ...summarise(times),
    peakBytes,
  };

  const job = new TrainingJob(opened, format, tokens);
  const plans = plansOf(job.plan({ gpu, context }));
  const start = performance.now();
  const pipelines = await compilePlans(gpu, plans);
  const spread = summarise([performance.now() - start]);
  yield { ...row, case: `${job.row.case}: compilation`, ...spread, pipelines };
}
