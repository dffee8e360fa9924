import type { GpuBase } from '../../models/gpu-base.ts';
import type { OpenModel } from '../../models/open-model.ts';
import { makeMicroBatch } from '../data/batch.ts';
import { planProgram } from '../train/program.ts';
import { initialParams } from '../train/run.ts';
import { WgslTrainer } from '../train/wgsl-trainer.ts';
import { summarise, type About, type BenchRow } from './row.ts';

const STEPS = 7;

/**
 * Times whole updates (one micro-batch of `tokens` rows, every token scored, AdamW; rank 16, all-linear) and the
 * JavaScript that a dispatch costs: the time in which commands are encoded, without what Dawn or the browser does
 * when they are submitted, which is a figure of its own.
 */
export async function benchTrain(base: GpuBase, opened: OpenModel, tokens: number, about: About): Promise<BenchRow> {
  const { gpu, format } = base;
  const { limits, variant, quads } = gpu;
  const lora = { rank: 16, scale: 2, dropout: 0, paths: opened.model.linearPaths };
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
    optimizer: 'adamw',
    weightDecay: 0,
  });
  const pipelinesBefore = gpu.pipelines.size;
  const compiling = performance.now();
  const trainer = await WgslTrainer.make(base, program);
  const compileMs = performance.now() - compiling;
  const submitting = timeSubmissions(gpu.device.queue);
  try {
    trainer.writeState({ params: initialParams(opened, { lora }, 0, undefined) });
    const ids = Uint32Array.from({ length: tokens }, (_, i) => (i * 7919) % opened.model.shape.vocabSize);
    const batch = makeMicroBatch([{ ids, labels: Int32Array.from(ids) }]);
    const times: number[] = [];
    const scripting: number[] = [];
    const handing: number[] = [];
    for (let update = 1; update <= STEPS; update += 1) {
      const before = { ...trainer.encoded };
      submitting.milliseconds = 0;
      const start = performance.now();
      trainer.microStep(batch, { first: true, seed: { low: 0, high: update } });
      const result = trainer.update({
        invTokens: 1 / batch.lossRows.length,
        maxNorm: 1,
        lr: 1e-3,
        beta1: 0.9,
        beta2: 0.999,
        eps: 1e-8,
        update,
      });
      const dispatches = trainer.encoded.dispatches - before.dispatches;
      const encoded = trainer.encoded.milliseconds - before.milliseconds;
      await result;
      times.push(performance.now() - start);
      scripting.push(((encoded - submitting.milliseconds) * 1000) / dispatches);
      handing.push((submitting.milliseconds * 1000) / dispatches);
    }
    const spread = summarise(times.slice(1)); // the first one warms up
    return {
      suite: 'train',
      case: `${opened.name} ${format}, rank 16, ${tokens} tokens`,
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
