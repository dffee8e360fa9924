import type { GpuBase } from '../../models/gpu-base.ts';
import type { OpenModel } from '../../models/open-model.ts';
import { planProgram } from '../train/program.ts';
import { WgslTrainer } from '../train/wgsl-trainer.ts';
import { summarise, type About, type BenchRow } from './row.ts';
import { TrainingJob } from './training-job.ts';

const STEPS = 7;

/**
 * Times whole updates of a TrainingJob and the JavaScript that a dispatch costs: the time in which commands are encoded, without what Dawn or the browser does
 * when they are submitted, which is a figure of its own.
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
  const submitting = timeSubmissions(gpu.device.queue);
  try {
    job.begin(trainer);
    const times: number[] = [];
    const scripting: number[] = [];
    const handing: number[] = [];
    for (let update = 1; update <= STEPS; update += 1) {
      const before = { ...trainer.encoded };
      submitting.milliseconds = 0;
      const start = performance.now();
      const result = job.update(trainer, update);
      const dispatches = trainer.encoded.dispatches - before.dispatches;
      const encoded = trainer.encoded.milliseconds - before.milliseconds;
      await result;
      times.push(performance.now() - start);
      scripting.push(((encoded - submitting.milliseconds) * 1000) / dispatches);
      handing.push((submitting.milliseconds * 1000) / dispatches);
    }
    const spread = summarise(times.slice(1)); // the first one warms up
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
      dispatches: trainer.encoded.dispatches / STEPS,
      jsMicrosecondsPerDispatch: summarise(scripting).medianMs,
      submitMicrosecondsPerDispatch: summarise(handing).medianMs,
      status: 'ok',
    };
  } finally {
    submitting.end();
    trainer.dispose();
  }
}

/** Adds up what the queue's submit() takes, until `end()`. */
function timeSubmissions(queue: GPUQueue): { milliseconds: number; end: () => void } {
  const submit = queue.submit.bind(queue);
  const total = {
    milliseconds: 0,
    end: (): void => {
      queue.submit = submit;
    },
  };
  queue.submit = (buffers) => {
    const start = performance.now();
    submit(buffers);
    total.milliseconds += performance.now() - start;
    return undefined;
  };
  return total;
}
