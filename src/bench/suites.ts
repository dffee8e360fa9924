import { GpuBase } from '../../models/base/gpu-base.ts';
import type { OpenModel } from '../../models/checkpoint/open-model.ts';
import type { BaseFormat } from '../formats/quantize.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { benchAdapters } from './adapters.ts';
import { benchDecode, benchPrefill } from './generate.ts';
import { measurePeaks } from './roofline.ts';
import { benchJob } from './job.ts';
import { benchKernels } from './kernels.ts';
import { aboutAdapter, type BenchRow, type Suite } from './row.ts';
import { benchLoad } from './load.ts';
import { benchMatmul } from './matmul-peers.ts';
import { benchScaling } from './scaling.ts';
import { tfjsTrainingSide } from './tfjs-train.ts';
import { jaxTrainingSide } from './jax-train.ts';
import type { benchTorchMatmul } from './node-torch-matmul.ts';
import type { benchTorchTrain } from './node-torch-train.ts';
import type { TorchDevice } from './node-torch.ts';
import { trainingSide } from './train.ts';
import { TrainingJob } from './training-job.ts';
import { timeInTurns } from './turns.ts';

const MATMUL_SIZES = [512, 1024, 2048];
/** Suites that measure the model's own weights at work. */
const ON_A_BASE: ReadonlySet<Suite> = new Set<Suite>(['train', 'decode', 'prefill', 'job']);
const PEAKS = 'the roofline peaks of this adapter';

/** What the peers need that a browser has or cannot have. */
export interface NodePeers {
  /** The training update in PyTorch. */
  readonly benchTorchTrain: typeof benchTorchTrain;
  /** A matmul in PyTorch. */
  readonly benchTorchMatmul: typeof benchTorchMatmul;
  /** Makes `navigator.gpu`. */
  readonly provideWebGpu: () => Promise<void>;
}

export interface BenchOptions {
  readonly gpu: Gpu;
  readonly opened: OpenModel;
  readonly format: BaseFormat;
  readonly suites: readonly Suite[];
  /** Tokens of the training steps. */
  readonly lengths: readonly number[];
  /** Only the cases of this kernel. */
  readonly kernel?: string;
  /** Also what others make of the same work. */
  readonly peers: boolean;
  /** In Node only: nodePeers. */
  readonly nodePeers?: NodePeers;
  /** Told what is measured next, e.g. `64 tokens, tfjs-webgpu`: some rows take minutes. */
  readonly onMeasure?: (what: string) => void;
  readonly runtime: string;
  readonly commit: string;
}

/** Runs suites one after the other on one adapter, a row at a time. */
export async function* runSuites(options: BenchOptions): AsyncGenerator<BenchRow> {
  const { gpu, opened, format, suites, lengths, kernel, peers, nodePeers, onMeasure = () => {} } = options;
  const about = aboutAdapter(gpu, options);
  const context = Math.min(opened.model.shape.maxPositions, Math.max(512, ...lengths));
  if (suites.includes('load')) {
    onMeasure('the way to a first step');
    yield* benchLoad(gpu, opened, { format, context, tokens: Math.max(...lengths) }, about);
  }
  if (suites.some((suite) => ON_A_BASE.has(suite))) {
    const base = await GpuBase.load(gpu, opened, { format, context });
    try {
      if (suites.includes('train')) {
        onMeasure(PEAKS);
        const peaks = await measurePeaks(gpu);
        for (const tokens of lengths) {
          const job = new TrainingJob(opened, format, tokens);
          const ours = { impl: 'weblora', make: () => trainingSide(base, job, peaks), mayFail: false };
          const others = [
            { impl: 'tfjs-webgpu', make: () => tfjsTrainingSide(gpu, opened, job, { format, context }), mayFail: true },
            { impl: 'jax-js', make: () => jaxTrainingSide(gpu, job, nodePeers?.provideWebGpu), mayFail: true },
          ];
          yield* await timeInTurns(job, [ours, ...(peers ? others : [])], about, onMeasure);
          if (!peers || nodePeers === undefined) continue;
          for (const device of torchDevices(gpu)) {
            onMeasure(`${tokens} tokens, pytorch-${device}`);
            yield await nodePeers.benchTorchTrain(gpu, opened, { format, tokens, device }, about);
          }
        }
      }
      if (suites.includes('decode')) {
        onMeasure('one at once and eight');
        yield* benchDecode(base, opened.name, about);
        onMeasure('with an adapter and without');
        yield* benchAdapters(base, opened.name, about);
      }
      if (suites.includes('prefill')) {
        onMeasure('a prompt');
        yield await benchPrefill(base, opened.name, about);
      }
      if (suites.includes('job')) {
        onMeasure('a whole run');
        yield await benchJob(base, opened, about);
      }
    } finally {
      base.destroy();
    }
  }
  if (suites.includes('scaling')) {
    onMeasure(PEAKS);
    const peaks = await measurePeaks(gpu);
    onMeasure('longer rows, more layers');
    yield* benchScaling(gpu, { format: 'q4', peaks }, about);
  }
  if (suites.includes('kernels')) {
    onMeasure(kernel ?? 'each kernel that has a benchmark');
    yield* benchKernels(gpu, kernel, about);
    if (!peers) return;
    for (const size of MATMUL_SIZES) {
      onMeasure(`matmul ${size}x${size}x${size}, each implementation`);
      yield* benchMatmul(gpu, { size, provideWebGpu: nodePeers?.provideWebGpu }, about);
      if (nodePeers === undefined) continue;
      for (const device of torchDevices(gpu)) {
        onMeasure(`matmul ${size}x${size}x${size}, pytorch-${device}`);
        yield await nodePeers.benchTorchMatmul(size, device, about);
      }
    }
  }
}

/** A software adapter computes on the processor, and so does its yardstick. */
function torchDevices({ adapter }: Gpu): readonly TorchDevice[] {
  return adapter.isSoftware ? ['cpu'] : ['cpu', 'cuda'];
}
