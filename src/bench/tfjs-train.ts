import type { OpenModel } from '../../models/open-model.ts';
import type { BaseFormat } from '../formats/quantize.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { openTfjs } from '../graph/tfjs/backend.ts';
import { TfjsTrainer } from '../train/tfjs-trainer.ts';
import { summarise, type About, type BenchRow } from './row.ts';
import { TrainingJob } from './training-job.ts';

const STEPS = 3;
/** Time after which no further step is begun: a large model takes minutes for one. */
const ENOUGH_MS = 120_000;

/** The same update as benchTrain's through stock tfjs-webgpu ops and tfjs's own tape, on the same device. */
export async function benchTfjsTrain(
  gpu: Gpu,
  opened: OpenModel,
  options: { readonly format: BaseFormat; readonly context: number; readonly tokens: number },
  about: About,
): Promise<BenchRow> {
  const { format, context, tokens } = options;
  const job = new TrainingJob(opened, format, tokens);
  const { lora, optimizer, weightDecay } = job;
  const row = { ...job.row, impl: 'tfjs-webgpu', ...about } as const;
  try {
    const tf = await openTfjs('webgpu', gpu);
    const trainer = await TfjsTrainer.make(tf, opened, { format, context, lora, optimizer, weightDecay });
    try {
      job.begin(trainer);
      const times: number[] = [];
      const losses: number[] = [];
      const begun = performance.now();
      for (let update = 1; update <= STEPS + 1; update += 1) {
        if (times.length > 1 && performance.now() - begun > ENOUGH_MS) break;
        const start = performance.now();
        losses.push(job.meanLoss(await job.update(trainer, update)));
        times.push(performance.now() - start);
      }
      const spread = summarise(times.slice(1)); // the first one compiles
      // tfjs pools what it has freed, so what it holds from the device after a step is its peak.
      const { numBytesAllocatedInGPU } = tf.memory() as { numBytesAllocatedInGPU?: number };
      return {
        ...row,
        ...spread,
        tokensPerSec: (tokens / spread.medianMs) * 1000,
        ...(numBytesAllocatedInGPU !== undefined && { peakBytes: numBytesAllocatedInGPU }),
        losses,
        status: 'ok',
      };
    } finally {
      trainer.dispose();
    }
  } catch (error) {
    return { ...row, status: `not measured: ${error instanceof Error ? error.message : String(error)}` };
  }
}
