import { GpuBase } from '../../models/gpu-base.ts';
import type { OpenModel } from '../../models/open-model.ts';
import type { BaseFormat } from '../formats/quantize.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { benchAdapters } from './adapters.ts';
import { benchDecode, benchPrefill } from './generate.ts';
import { measureCeilings } from './ceilings.ts';
import { benchJob } from './job.ts';
import { benchKernels } from './kernels.ts';
import { aboutAdapter, type BenchRow, type Suite } from './row.ts';
import { benchMatmul } from './matmul-peers.ts';
import { benchScaling } from './scaling.ts';
import { benchTfjsTrain } from './tfjs-train.ts';
import { benchJaxTrain } from './jax-train.ts';
import { benchTorchTrain } from './node-torch-train.ts';
import { benchTrain } from './train.ts';

const MATMUL_SIZES = [512, 1024, 2048];

export interface BenchOptions {
  readonly gpu: Gpu;
  readonly opened: OpenModel;
  readonly format: BaseFormat;
  readonly suites: readonly Suite[];
  /** Tokens of the training steps. */
  readonly lengths: readonly number[];
  /** Only this kernel room. */
  readonly room?: string;
  /** Also what others make of the same work. */
  readonly peers: boolean;
  readonly runtime: string;
  readonly commit: string;
}

/** Runs suites one after the other on one adapter, a row at a time. */
export async function* runSuites(options: BenchOptions): AsyncGenerator<BenchRow> {
  const { gpu, opened, format, suites, lengths, room, peers } = options;
  const about = aboutAdapter(gpu, options);
  if (suites.some((suite) => suite !== 'kernels' && suite !== 'scaling')) {
    const context = Math.min(opened.model.shape.maxPositions, Math.max(512, ...lengths));
    const base = await GpuBase.load(gpu, opened, { format, context });
    try {
      if (suites.includes('train')) {
        const ceilings = await measureCeilings(gpu);
        for (const tokens of lengths) {
          yield await benchTrain(base, opened, { tokens, ceilings }, about);
          if (!peers) continue;
          yield await benchTfjsTrain(gpu, opened, { format, context, tokens }, about);
          yield await benchJaxTrain(gpu, opened, { format, tokens }, about);
          yield await benchTorchTrain(gpu, opened, { format, tokens }, about);
        }
      }
      if (suites.includes('decode')) {
        for (const slots of [1, 8]) yield await benchDecode(base, opened.name, slots, about);
        yield* benchAdapters(base, opened.name, about);
      }
      if (suites.includes('prefill')) yield await benchPrefill(base, opened.name, about);
      if (suites.includes('job')) yield await benchJob(base, opened, about);
    } finally {
      base.destroy();
    }
  }
  if (suites.includes('scaling'))
    yield* benchScaling(gpu, { format: 'q4', ceilings: await measureCeilings(gpu) }, about);
  if (suites.includes('kernels')) {
    yield* benchKernels(gpu, room, about);
    if (peers) for (const size of MATMUL_SIZES) yield* benchMatmul(gpu, size, about);
  }
}
