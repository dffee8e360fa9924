import type { OpenModel } from '../../models/checkpoint/open-model.ts';
import type { BaseFormat } from '../formats/quantize.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { openTfjs } from '../graph/tfjs/backend.ts';
import { TfjsTrainer } from '../train/tfjs-trainer.ts';
import type { TrainingJob } from './training-job.ts';
import type { TrainingSide } from './turns.ts';

/** The same updates as WebLoRA's through stock tfjs-webgpu ops and tfjs's own tape, on the same device. */
export async function tfjsTrainingSide(
  gpu: Gpu,
  opened: OpenModel,
  job: TrainingJob,
  { format, context }: { readonly format: BaseFormat; readonly context: number },
): Promise<TrainingSide> {
  const { lora, optimizer, weightDecay } = job;
  const tf = await openTfjs('webgpu', gpu);
  const trainer = await TfjsTrainer.make(tf, opened, { format, context, lora, optimizer, weightDecay });
  await job.begin(trainer);
  return {
    update: async (count) => job.meanLoss(await job.update(trainer, count)),
    about: () => {
      // tfjs pools what it has freed, so what it holds from the device after a step is its peak.
      const { numBytesAllocatedInGPU } = tf.memory() as { numBytesAllocatedInGPU?: number };
      return Promise.resolve(numBytesAllocatedInGPU === undefined ? {} : { peakBytes: numBytesAllocatedInGPU });
    },
    dispose: () => trainer.dispose(),
  };
}
