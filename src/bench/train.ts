import type { GpuBase } from '../../models/gpu-base.ts';
import type { OpenModel } from '../../models/open-model.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { defineKernel } from '../gpu/kernel.ts';
import { planProgram } from '../train/program.ts';
import { WgslTrainer } from '../train/wgsl-trainer.ts';
import { summarise, type About, type BenchRow } from './row.ts';
import { TrainingJob } from './training-job.ts';

const STEPS = 7;
/** Of timing JavaScript: updates, and encodings of each. */
const UPDATES = 8;
const ENCODINGS = 25;
const CALLS = 250;
const EMPTY = defineKernel('empty', '@compute @workgroup_size(1) fn empty() {}');

/**
 * Times whole updates of a TrainingJob, the share of each kernel in them, and the JavaScript that a dispatch costs: the time
 * in which commands are encoded, without what Dawn or the browser does when they are submitted, a figure of its own.
 */
export async function benchTrain(base: GpuBase, opened: OpenModel, tokens: number, about: About): Promise<BenchRow> {
  const { gpu, format } = base;
  const { limits, variant, quads } = gpu;
  const job = new TrainingJob(opened, format, tokens);
  const { lora, optimizer, weightDecay } = job;
  const program = planProgram({
    model: opened.model,
    format,
    context: base.context,
    limits,
    variant,
    quads,
    lora,
    rows: tokens,
    microSteps: 1,
    optimizer,
    weightDecay,
  });
  const pipelinesBefore = gpu.pipelines.size;
  const compiling = performance.now();
  const trainer = await WgslTrainer.make(base, program);
  const compileMs = performance.now() - compiling;
  try {
    job.begin(trainer);
    const times: number[] = [];
    for (let update = 1; update <= STEPS; update += 1) {
      const start = performance.now();
      await job.update(trainer, update);
      times.push(performance.now() - start);
    }
    const spread = summarise(times.slice(1)); // the first one warms up
    const dispatches = trainer.dispatches / STEPS;
    const script = await timeEncoding(trainer, job, gpu);
    const kernelShares = await job.profile(trainer);
    return {
      ...job.row,
      impl: 'weblora',
      ...about,
      ...spread,
      tokensPerSec: (tokens / spread.medianMs) * 1000,
      gflops: program.report.flopsPerStep / spread.medianMs / 1e6,
      peakBytes: program.report.totalBytes,
      compileMs,
      pipelines: gpu.pipelines.size - pipelinesBefore,
      dispatches,
      jsMicrosecondsPerDispatch: (script.encodeMs * 1000) / dispatches,
      ofWhichBindingMicroseconds: script.bindingMs * 1000,
      submitMicrosecondsPerDispatch: (script.submitMs * 1000) / dispatches,
      ...(kernelShares && { kernelShares }),
      status: 'ok',
    };
  } finally {
    trainer.dispose();
  }
}

/**
 * What an update costs this thread: its commands are encoded while the GPU has nothing to do and handed over afterwards,
 * since a software adapter computes on the very cores that encode. The least of many rounds, as waiting for a core is no
 * JavaScript.
 */
async function timeEncoding(
  trainer: WgslTrainer,
  job: TrainingJob,
  gpu: Gpu,
): Promise<{ encodeMs: number; submitMs: number; bindingMs: number }> {
  const { queue } = gpu.device;
  const submit = queue.submit.bind(queue);
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
  const steps: number[] = [];
  const floor: number[] = [];
  const submitting: number[] = [];
  try {
    for (let update = STEPS + 1; update <= STEPS + UPDATES; update += 1) {
      await gpu.idle();
      submitMs = 0;
      queue.submit = hold;
      for (let round = 0; round < ENCODINGS; round += 1) {
        held = []; // only the last one is computed
        const start = performance.now();
        job.gradients(trainer, update);
        gradients.push(performance.now() - start);
        floor.push(await timeCalls(gpu, CALLS));
      }
      handOver(held);
      await gpu.idle();
      // The second half asks to read back what it submits, so it cannot be held.
      queue.submit = handOver;
      const before = submitMs;
      const start = performance.now();
      const done = job.step(trainer, update);
      steps.push(performance.now() - start - (submitMs - before));
      submitting.push(submitMs);
      await done;
    }
  } finally {
    queue.submit = submit;
  }
  return {
    encodeMs: Math.min(...gradients) + Math.min(...steps),
    submitMs: Math.min(...submitting),
    bindingMs: Math.min(...floor) / CALLS,
  };
}

/** What `count` dispatches cost that do nothing else than WebGPU's three calls for one: the part nobody can save. Milliseconds. */
async function timeCalls(gpu: Gpu, count: number): Promise<number> {
  const { pipeline, layout } = await gpu.pipelines.get({ kernel: EMPTY, entry: 'empty', overrides: {}, operands: [] });
  const group = gpu.device.createBindGroup({ layout, entries: [] });
  const encoder = gpu.device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  const start = performance.now();
  for (let call = 0; call < count; call += 1) {
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(1);
  }
  const spent = performance.now() - start;
  pass.end();
  encoder.finish(); // never handed over
  return spent;
}
