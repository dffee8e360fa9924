import type { OpenModel } from '../../models/open-model.ts';
import type { BaseFormat } from '../formats/quantize.ts';
import { makeMicroBatch } from '../data/batch.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { openTfjs } from '../graph/tfjs/backend.ts';
import { initialParams } from '../train/run.ts';
import { TfjsTrainer } from '../train/tfjs-trainer.ts';
import { summarise, type About, type BenchRow } from './row.ts';

const STEPS = 3;

/** The same update as benchTrain's through stock tfjs-webgpu ops and tfjs's own tape, on the same device. */
export async function benchTfjsTrain(
  gpu: Gpu,
  opened: OpenModel,
  options: { readonly format: BaseFormat; readonly context: number; readonly tokens: number },
  about: About,
): Promise<BenchRow> {
  const { format, context, tokens } = options;
  const row = {
    suite: 'train',
    case: `${opened.name} ${format}, rank 16, ${tokens} tokens`,
    impl: 'tfjs-webgpu',
    ...about,
  } as const;
  const lora = { rank: 16, scale: 2, dropout: 0, paths: opened.model.linearPaths };
  try {
    const tf = await openTfjs('webgpu', gpu);
    const trainer = await TfjsTrainer.make(tf, opened, { format, context, lora, optimizer: 'adamw', weightDecay: 0 });
    try {
      trainer.writeState({ params: initialParams(opened, { lora }, 0, undefined) });
      const ids = Uint32Array.from({ length: tokens }, (_, i) => (i * 7919) % opened.model.shape.vocabSize);
      const batch = makeMicroBatch([{ ids, labels: Int32Array.from(ids) }]);
      const times: number[] = [];
      for (let update = 1; update <= STEPS + 1; update += 1) {
        const start = performance.now();
        trainer.microStep(batch, { first: true, seed: { low: 0, high: update } });
        await trainer.update({
          invTokens: 1 / batch.lossRows.length,
          maxNorm: 1,
          lr: 1e-3,
          beta1: 0.9,
          beta2: 0.999,
          eps: 1e-8,
          update,
        });
        times.push(performance.now() - start);
      }
      const spread = summarise(times.slice(1)); // the first one compiles
      // tfjs pools what it has freed, so what it holds from the device after a step is its peak.
      const { numBytesInGPUAllocated } = tf.memory() as { numBytesInGPUAllocated?: number };
      return {
        ...row,
        ...spread,
        tokensPerSec: (tokens / spread.medianMs) * 1000,
        ...(numBytesInGPUAllocated !== undefined && { peakBytes: numBytesInGPUAllocated }),
        status: 'ok',
      };
    } finally {
      trainer.dispose();
    }
  } catch (error) {
    return { ...row, status: `not measured: ${error instanceof Error ? error.message : String(error)}` };
  }
}
