import { GpuBase } from '../../models/base/gpu-base.ts';
import { openTfjs } from '../../src/graph/tfjs/backend.ts';
import { planTraining, type ProgramSettings } from '../../src/train/program.ts';
import { TfjsTrainer } from '../../src/train/tfjs-trainer.ts';
import type { Trainer } from '../../src/train/trainer.ts';
import { WgslTrainer } from '../../src/train/wgsl-trainer.ts';
import { openFamilyToy } from './family-toys.ts';
import { testGpu } from './gpu.ts';

/** One executor over a family's toy. */
export interface TrainerMaker {
  readonly make: (settings: ProgramSettings) => Promise<Trainer>;
  readonly dispose: () => void;
}

type Toy = Parameters<typeof openFamilyToy>[0];

export async function wgslTrainers(toy: Toy, format: 'f32' | 'q4', context: number): Promise<TrainerMaker> {
  const gpu = await testGpu();
  const base = await GpuBase.load(gpu, await openFamilyToy(toy), { format, context });
  return {
    make: (settings) => WgslTrainer.make(base, planTraining(base.model, settings, gpu.profile)),
    dispose: () => base.destroy(),
  };
}

export async function tfjsTrainers(toy: Toy, format: 'f32' | 'q4', context: number): Promise<TrainerMaker> {
  const [tf, opened] = [await openTfjs('cpu'), await openFamilyToy(toy)];
  return {
    make: (settings) => TfjsTrainer.make(tf, opened, { ...settings, format, context }),
    dispose: () => undefined,
  };
}
