import { join } from 'node:path';
import { GpuBase } from '../models/gpu-base.ts';
import { openModel } from '../models/open-model.ts';
import { makeMicroBatch } from '../src/data/batch.ts';
import { openNodeGpu } from '../src/gpu/node.ts';
import { openModelFolder } from '../src/cli/files.ts';
import { initialParams } from '../src/train/run.ts';
import { planProgram } from '../src/train/program.ts';
import { WgslTrainer } from '../src/train/wgsl-trainer.ts';
import { aboutAdapter } from './about.ts';

const LENGTHS = [64, 192, 512];
const STEPS = 7;

/** Times updates of the built-in model (q4, rank 16, all-linear), and the JavaScript that a dispatch costs. */
export async function benchTrain(): Promise<void> {
  const gpu = await openNodeGpu({ onNotice: (message) => process.stderr.write(`${message}\n`) });
  const about = aboutAdapter(gpu);
  try {
    const opened = await openModel(openModelFolder(join(import.meta.dirname, '..', 'models', 'embedded', 'model')));
    const base = await GpuBase.load(gpu, opened, { format: 'q4', context: 512 });
    const lora = { rank: 16, scale: 2, dropout: 0, paths: opened.model.linearPaths };
    for (const tokens of LENGTHS) {
      const { limits, variant, quads } = gpu;
      const program = planProgram({
        model: opened.model,
        format: 'q4',
        context: 512,
        limits,
        variant,
        quads,
        lora,
        rows: tokens,
        microSteps: 1,
        optimizer: 'adamw',
        weightDecay: 0,
      });
      const compiling = performance.now();
      const trainer = await WgslTrainer.make(base, program);
      const compileMs = performance.now() - compiling;
      trainer.writeState({ params: initialParams(opened, { lora }, 0, undefined) });
      const ids = Uint32Array.from({ length: tokens }, (_, i) => (i * 7919) % opened.model.shape.vocabSize);
      const batch = makeMicroBatch([{ ids, labels: Int32Array.from(ids) }]);
      const times: number[] = [];
      for (let update = 1; update <= STEPS; update += 1) {
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
      const sorted = times.slice(1).sort((a, b) => a - b); // the first one warms up
      const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
      const { dispatches, milliseconds } = trainer.encoded;
      const row = {
        suite: 'train',
        case: `embedded q4, rank 16, ${tokens} tokens`,
        impl: 'weblora',
        ...about,
        medianMs: at(0.5),
        p20Ms: at(0.2),
        p80Ms: at(0.8),
        tokensPerSec: (tokens / at(0.5)) * 1000,
        gflops: program.report.flopsPerStep / at(0.5) / 1e6,
        peakBytes: program.report.totalBytes,
        compileMs,
        dispatches: dispatches / STEPS,
        jsMicrosecondsPerDispatch: (milliseconds * 1000) / dispatches,
        status: 'ok',
      };
      process.stdout.write(`${JSON.stringify(row)}\n`);
      trainer.dispose();
    }
    base.destroy();
  } finally {
    gpu.destroy();
  }
}
