import type { GpuBase } from '../../models/base/gpu-base.ts';
import type { Gpu } from '../gpu/gpu.ts';
import type { RooflinePeaks } from './roofline.ts';
import { compilePlans } from '../graph/replay.ts';
import { plansOf } from '../train/program.ts';
import { WgslTrainer } from '../train/wgsl-trainer.ts';
import { shareOf, type TrainingJob } from './training-job.ts';
import type { TrainingSide } from './turns.ts';

/** Of timing JavaScript: updates, and encodings of each. */
const UPDATES = 8;
const ENCODINGS = 25;
/** Kernels that compute a matrix product and nothing else; dq, dk and dv of attention are such products where they are apart. */
const MATMULS = ['matmul', 'attention_products'];
/** Encodes nothing. */
const SILENT = {
  beginComputePass: () => ({ setPipeline() {}, setBindGroup() {}, dispatchWorkgroups() {}, end() {} }),
  clearBuffer() {},
  copyBufferToBuffer() {},
  finish: () => ({}),
} as unknown as GPUCommandEncoder;

/**
 * WebLoRA's updates of a job. Its row also has the share of each kernel in them, and the JavaScript that a dispatch of a
 * micro-step costs: the time in which commands are encoded, WebGPU's calls for it included. What an update costs besides, and
 * what Dawn or the browser does when commands are submitted, are figures of their own.
 */
export async function trainingSide(base: GpuBase, job: TrainingJob, peaks: RooflinePeaks): Promise<TrainingSide> {
  const { gpu } = base;
  const program = await job.tuned(gpu, job.plan(base));
  const pipelines = await compilePlans(gpu, plansOf(program));
  const trainer = await WgslTrainer.make(base, program);
  await job.begin(trainer);
  return {
    update: async (count) => job.meanLoss(await job.update(trainer, count)),
    about: async ({ medianMs, updates }) => {
      const dispatches = trainer.dispatches / updates;
      const perMicroStep = dispatches - program.update.launches.length;
      const script = await timeEncoding(trainer, job, { gpu, after: updates });
      const kernelShares = await job.profile(trainer, peaks);
      const gflops = program.report.flopsPerStep / medianMs / 1e6;
      return {
        gflops,
        ceilingGflops: peaks.gflops,
        ceilingGbPerSec: peaks.gbPerSec,
        ofCeiling: gflops / peaks.gflops,
        peakBytes: program.report.totalBytes,
        pipelines,
        dispatches,
        jsMicrosecondsPerDispatch: (script.microStepMs * 1000) / perMicroStep,
        ofWhichOwnMicroseconds: (script.ownMs * 1000) / perMicroStep,
        jsMicrosecondsPerUpdate: script.updateMs * 1000,
        submitMicrosecondsPerDispatch: (script.submitMs * 1000) / dispatches,
        ...(kernelShares && {
          nonMatmulShare: 1 - MATMULS.reduce((sum, name) => sum + shareOf(kernelShares, name), 0),
          attentionShare: shareOf(kernelShares, 'attention'),
          kernelShares,
        }),
        ...(program.settings.tilings && { tilings: program.settings.tilings }),
      };
    },
    dispose: () => trainer.dispose(),
  };
}

/** Milliseconds of this thread. */
interface Scripting {
  /** Of a micro-step's encoding. */
  readonly microStepMs: number;
  /** Of `microStepMs`, what is left where WebGPU's own calls do nothing. */
  readonly ownMs: number;
  /** Of what an update takes besides its micro-steps. */
  readonly updateMs: number;
  /** Of handing over both. */
  readonly submitMs: number;
}

/**
 * What an update costs this thread: its commands are encoded while the GPU has nothing to do and handed over afterwards,
 * since a software adapter computes on the very cores that encode. The least of many rounds, as waiting for a core is no
 * JavaScript.
 * @param after updates done before
 */
async function timeEncoding(
  trainer: WgslTrainer,
  job: TrainingJob,
  { gpu, after }: { readonly gpu: Gpu; readonly after: number },
): Promise<Scripting> {
  const { device } = gpu;
  const submit = device.queue.submit.bind(device.queue);
  const createCommandEncoder = device.createCommandEncoder.bind(device);
  let held: GPUCommandBuffer[] = [];
  let submitMs = 0;
  const handOver = (buffers: Iterable<GPUCommandBuffer>): undefined => {
    const start = performance.now();
    submit([...buffers]);
    submitMs += performance.now() - start;
    return undefined;
  };
  const hold = (buffers: Iterable<GPUCommandBuffer>): undefined => {
    held.push(...buffers);
    return undefined;
  };
  const gradients: number[] = [];
  const own: number[] = [];
  const steps: number[] = [];
  const submitting: number[] = [];
  const timeGradients = (times: number[], update: number): void => {
    held = [];
    const start = performance.now();
    job.gradients(trainer, update);
    times.push(performance.now() - start);
  };
  try {
    for (let update = after + 1; update <= after + UPDATES; update += 1) {
      await gpu.idle();
      device.queue.submit = hold;
      for (let round = 0; round < ENCODINGS; round += 1) timeGradients(gradients, update);
      submitMs = 0;
      handOver(held); // only the last one is computed
      await gpu.idle();
      // The other half asks to read back what it submits, so it cannot be held; without gradients before it, it is short.
      device.queue.submit = handOver;
      const gradientsSubmitMs = submitMs;
      for (let round = 0; round < ENCODINGS; round += 1) {
        submitMs = 0;
        const start = performance.now();
        const done = job.step(trainer, update);
        steps.push(performance.now() - start - submitMs);
        submitting.push(gradientsSubmitMs + submitMs);
        await done;
      }
    }
    // Last, since code that has met two kinds of encoder is slower for both.
    device.queue.submit = hold;
    device.createCommandEncoder = () => SILENT;
    for (let round = 0; round < UPDATES * ENCODINGS; round += 1) timeGradients(own, after);
  } finally {
    device.queue.submit = submit;
    device.createCommandEncoder = createCommandEncoder;
  }
  return {
    microStepMs: Math.min(...gradients),
    ownMs: Math.min(...own),
    updateMs: Math.min(...steps),
    submitMs: Math.min(...submitting),
  };
}
