import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { MicroBatch } from '../../src/data/batch.ts';
import { answers } from '../../src/objectives/sft.ts';
import { resolveTrainConfig, type TrainConfig } from '../../src/train/config.ts';
import { RunControl } from '../../src/train/run-control.ts';
import type { RunRequest } from '../../src/train/run-request.ts';
import { runTraining } from '../../src/train/run.ts';
import type { TrainedRun } from '../../src/train/run-events.ts';
import type { NamedMatrices, Trainer, TrainerState, UpdateResult } from '../../src/train/trainer.ts';
import { openToy } from './toy-llama.ts';

export const TOY_DATA = {
  name: 'data.jsonl',
  bytes: readFileSync(join(import.meta.dirname, '..', 'fixtures', 'toy-llama', 'data.jsonl')),
};

/** A trainer that computes nothing: every update adds 1 to every parameter, and evaluations find what is scripted. */
export class ScriptedTrainer implements Trainer {
  readonly evaluated: MicroBatch[] = [];
  readonly #nllOf: (batch: MicroBatch, updates: number) => ArrayLike<number>;
  #params: NamedMatrices = new Map();
  #updates = 0;
  #losses: Float32Array[] = [];

  constructor(nllOf: (batch: MicroBatch, updates: number) => ArrayLike<number>) {
    this.#nllOf = nllOf;
  }

  microStep(batch: MicroBatch, { dNll }: Parameters<Trainer['microStep']>[1]): void {
    expect(dNll).toEqual(new Float32Array(batch.lossRows.length).fill(1));
    this.#losses.push(new Float32Array(batch.lossRows.length).fill(2));
  }

  microStepFromLosses(): Promise<void> {
    throw new Error('cross entropy needs no losses before its gradient');
  }

  async update(): Promise<UpdateResult> {
    this.#updates += 1;
    this.#params = new Map([...this.#params].map(([name, values]) => [name, values.map((value) => value + 1)]));
    const nll = this.#losses;
    this.#losses = [];
    return { gradNorm: 1, finite: true, nll };
  }

  async evaluate(batch: MicroBatch): Promise<Float32Array> {
    this.evaluated.push(batch);
    return Float32Array.from(this.#nllOf(batch, this.#updates));
  }

  workOf(): number {
    return 1;
  }

  async readGradients(): Promise<NamedMatrices> {
    return new Map();
  }

  async readState(): Promise<TrainerState> {
    return { params: this.#params, moments: {} };
  }

  writeState({ params }: Parameters<Trainer['writeState']>[0]): void {
    this.#params = params;
  }

  dispose(): void {
    this.#params = new Map();
  }
}

/** A run of the toy model in the folder `run`, trained by a script. */
export async function scriptedRun(
  trainer: ScriptedTrainer,
  config: Partial<TrainConfig>,
  request: Partial<RunRequest> & Pick<RunRequest, 'store'>,
): Promise<TrainedRun> {
  return runTraining({
    opened: await openToy('toy-llama'),
    base: { format: 'f32', context: 64 },
    objective: answers,
    config: resolveTrainConfig({ rank: 2, seqLen: 64, accumulate: 1, ...config }),
    data: TOY_DATA,
    out: 'run',
    makeTrainer: async () => ({
      trainer,
      plan: undefined,
      device: {},
      deviceName: 'none',
      kernels: { executor: 'cpu', variant: 'tfjs', checkpointing: 'none', optimizerState: 'f32' },
    }),
    emit: () => undefined,
    control: new RunControl(),
    ...request,
  });
}
