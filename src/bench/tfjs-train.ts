import type { OpenModel } from '../../models/checkpoint/open-model.ts';
import type { BaseFormat } from '../formats/quantize.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { openTfjs } from '../graph/tfjs/backend.ts';
import { TfjsTrainer } from '../train/tfjs-trainer.ts';
import { notMeasured, summarise, type About, type BenchRow } from './row.ts';
import { timePeer, TrainingJob } from './training-job.ts';

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
      await job.begin(trainer);
      const { times, losses } = await timePeer(async (update) => job.meanLoss(await job.update(trainer, update)));
      const spread = summarise(times);
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
    return { ...row, status: notMeasured(error) };
  }
}
