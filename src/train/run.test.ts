import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openToy, toyRows } from '../../test/harness/toy-llama.ts';
import { countScored, type MicroBatch } from '../data/batch.ts';
import { answers } from '../objectives/sft.ts';
import { makeMemoryStore } from '../storage/memory-store.ts';
import { resolveTrainConfig, type TrainConfig } from './config.ts';
import { readMetrics } from './metrics.ts';
import { RunControl } from './run-control.ts';
import type { TrainedRun } from './run-events.ts';
import { runTraining } from './run.ts';
import type { NamedMatrices, Trainer, TrainerState, UpdateResult } from './trainer.ts';

const DATA = {
  name: 'data.jsonl',
  bytes: readFileSync(join(import.meta.dirname, '..', '..', 'test', 'fixtures', 'toy-llama', 'data.jsonl')),
};

/** A trainer that computes nothing: every update adds 1 to every parameter, and evaluations find what is scripted. */
class ScriptedTrainer implements Trainer {
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

/** A run of the toy model with as many updates as evaluations, trained by a script. */
async function run(
  trainer: ScriptedTrainer,
  config: Partial<TrainConfig>,
): Promise<{ outcome: TrainedRun; metrics: Awaited<ReturnType<typeof readMetrics>> }> {
  const store = makeMemoryStore();
  const outcome = await runTraining({
    opened: await openToy('toy-llama'),
    base: { format: 'f32', context: 64 },
    objective: answers,
    config: resolveTrainConfig({
      rank: 2,
      seqLen: 64,
      evalSplit: 0.5,
      evalEvery: 1,
      saveEvery: 100,
      accumulate: 1,
      ...config,
    }),
    data: DATA,
    store,
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
  });
  return { outcome, metrics: await readMetrics(store, 'run') };
}

describe('a run that stops early', () => {
  /** `losses[i]` is found after update i + 1. */
  const trainerFinding = (losses: readonly number[]): ScriptedTrainer =>
    new ScriptedTrainer(({ lossRows }, updates) => new Array<number>(lossRows.length).fill(losses[updates - 1] ?? 9));

  it('never takes NaN for the best, and exports the weights of the best evaluation', async () => {
    const { outcome, metrics } = await run(trainerFinding([Number.NaN, 2, 3, 3, 1]), {
      steps: 8,
      earlyStoppingPatience: 2,
    });
    expect(outcome).toMatchObject({ ended: 'early-stopped', steps: 4, evalLoss: 2 });
    expect(metrics.evals.map(({ evalLoss }) => evalLoss)).toEqual([Number.NaN, 2, 3, 3]);
    // B starts at 0 and every update adds 1: the weights after update 2.
    for (const { b } of outcome.adapter?.modules.values() ?? []) expect(new Set(b)).toEqual(new Set([2]));
    expect(outcome.adapter?.modules.size).toBeGreaterThan(0);
  });

  it('exports what there is when no evaluation was finite', async () => {
    const { outcome } = await run(trainerFinding([Number.NaN, Number.NaN]), { steps: 8, earlyStoppingPatience: 2 });
    expect(outcome).toMatchObject({ ended: 'early-stopped', steps: 2, evalLoss: Number.NaN });
    for (const { b } of outcome.adapter?.modules.values() ?? []) expect(new Set(b)).toEqual(new Set([2]));
  });
});

describe('an evaluation during a run', () => {
  it('is the mean over all scored tokens, with as many rows in a pass as fit the plan', async () => {
    // Each token's loss is its own label, so that a wrong weighting or a missing row shows.
    const trainer = new ScriptedTrainer(({ lossLabels }) => lossLabels);
    const { metrics } = await run(trainer, { steps: 1 });
    const passes = trainer.evaluated;
    const rows = passes.reduce((sum, { positions }) => sum + positions.filter((position) => position === 0).length, 0);
    expect(rows).toBe(6);
    expect(passes.length).toBeLessThan(6);
    for (const batch of passes) expect(batch.rows).toBeLessThanOrEqual(64);
    const labels = passes.flatMap(({ lossLabels }) => [...lossLabels]);
    const mean = labels.reduce((sum, label) => sum + label, 0) / labels.length;
    expect(metrics.evals).toEqual([{ step: 1, evalLoss: mean }]);
    const scored = toyRows('toy-llama', 'data.jsonl').map(countScored);
    expect(labels.length).toBeLessThan(scored.reduce((sum, count) => sum + count, 0));
  });
});
