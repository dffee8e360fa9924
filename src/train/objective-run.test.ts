import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { OpenModel } from '../../models/checkpoint/open-model.ts';
import { openToy, toyAdapter, toyRows } from '../../test/harness/toy-llama.ts';
import { expectClose } from '../../test/harness/compare.ts';
import { PEFT_WEIGHTS_FILE } from '../adapters/formats/peft.ts';
import { makeMicroBatch } from '../data/batch.ts';
import { openTfjs } from '../graph/tfjs/backend.ts';
import type { Tf } from '../graph/tfjs/library.ts';
import { matricesOf, settingsOf } from '../lora/gpu-adapter.ts';
import { toyPairs } from '../objectives/toy-pairs.ts';
import { makeMemoryStore } from '../storage/memory-store.ts';
import type { FileStore } from '../storage/store.ts';
import { resolveTrainConfig } from './config.ts';
import { readMetrics } from './metrics.ts';
import { RunControl } from './run-control.ts';
import type { TrainedRun } from './run-events.ts';
import { runTraining } from './run.ts';
import { TfjsTrainer } from './tfjs-trainer.ts';

const DATA = {
  name: 'data.jsonl',
  bytes: readFileSync(join(import.meta.dirname, '..', '..', 'test', 'fixtures', 'toy-llama', 'data.jsonl')),
};
const PAIRS = 6;

describe('an objective over pairs, with a reference', () => {
  let tf: Tf;
  let opened: OpenModel;
  beforeAll(async () => {
    [tf, opened] = await Promise.all([openTfjs('cpu'), openToy('toy-llama')]);
  });

  const run = (store: FileStore, options: { resume?: boolean; stopAfter?: number } = {}): Promise<TrainedRun> => {
    const control = new RunControl();
    return runTraining({
      opened,
      base: { format: 'f32', context: 64 },
      objective: toyPairs(0.5),
      config: resolveTrainConfig({
        rank: 2,
        alpha: 4,
        seqLen: 48,
        steps: 8,
        accumulate: 2,
        lr: 2e-2,
        evalSplit: 0.34,
        evalEvery: 8,
        saveEvery: 100,
        warmupRatio: 0,
        dropout: 0.1,
      }),
      data: DATA,
      store,
      out: 'run',
      resume: options.resume ?? false,
      makeTrainer: async ({ settings: { lora, optimizer, weightDecay, rows } }) => {
        expect(rows, 'both sequences of a pair fit one pass').toBe(2 * 48);
        const settings = { format: 'f32', context: 64, lora, optimizer, weightDecay } as const;
        return {
          trainer: await TfjsTrainer.make(tf, opened, settings),
          plan: undefined,
          device: {},
          deviceName: 'CPU',
          kernels: { executor: 'cpu', variant: 'tfjs', checkpointing: 'none', optimizerState: 'f32' },
        };
      },
      emit: (event) => event.kind === 'step' && event.step === options.stopAfter && control.stop(),
      control,
    });
  };

  it('starts at log 2, prefers the better of each pair after, and continues bit for bit', async () => {
    const whole = makeMemoryStore();
    expect((await run(whole)).ended).toBe('completed');
    const { steps, evals } = await readMetrics(whole, 'run');
    // The untrained adapter is the reference but for dropout, which does nothing while B is 0.
    expect(steps[0]?.loss).toBeCloseTo(Math.LN2, 5);
    expect(steps.at(-1)?.loss).toBeLessThan(0.9 * Math.LN2);
    expect(steps.at(-1)?.objective?.['rewards/margins']).toBeGreaterThan(0);
    expect(steps.at(-1)?.objective?.['rewards/accuracies']).toBe(1);
    expect(evals[0]?.objective?.['rewards/margins']).toBeTypeOf('number');
    const reference = JSON.parse(await whole.readText('run/reference.json')) as Record<string, number[][]>;
    expect((reference['train']?.length ?? 0) + (reference['evaluation']?.length ?? 0)).toBe(PAIRS);
    expect(
      Object.values(reference)
        .flat()
        .every((sums) => sums.length === 2),
    ).toBe(true);

    const stopped = makeMemoryStore();
    expect((await run(stopped, { stopAfter: 2 })).ended).toBe('stopped');
    expect((await run(stopped, { resume: true })).ended).toBe('completed');
    expect(await stopped.read(`run/${PEFT_WEIGHTS_FILE}`)).toEqual(await whole.read(`run/${PEFT_WEIGHTS_FILE}`));
    const resumed = await readMetrics(stopped, 'run');
    expect(resumed.steps.map(({ loss }) => loss)).toEqual(steps.map(({ loss }) => loss));
  }, 120_000);

  it("adds to the gradients what the sequences' own gradients make with the loss's slopes", async () => {
    const adapter = toyAdapter('toy-llama', 'adapter-random');
    const options = { format: 'f32', context: 64, optimizer: 'sgd', weightDecay: 0 } as const;
    const trainer = await TfjsTrainer.make(tf, opened, { ...options, lora: settingsOf(adapter) });
    trainer.writeState({ params: matricesOf(adapter) });
    const rows = toyRows('toy-llama', 'data.jsonl').slice(0, 2);
    const [better, worse] = rows.map((row, line) => ({ ...row, line }));
    if (better === undefined || worse === undefined) throw new Error('the fixture has no pair');
    const seed = { low: 0, high: 0 };
    const alone = async (row: typeof better): Promise<{ nll: number; gradients: Map<string, Float32Array> }> => {
      const batch = makeMicroBatch([row]);
      trainer.microStep(batch, { first: true, seed });
      const nll = (await trainer.evaluate(batch)).reduce((sum, loss) => sum + loss, 0);
      return { nll, gradients: new Map(await trainer.readGradients()) };
    };
    const [a, b] = [await alone(better), await alone(worse)];
    const reference = [[a.nll + 0.3, b.nll - 0.4]];
    const { gradient } = toyPairs(0.5);
    if (gradient.from !== 'losses') throw new Error('its gradient depends on the losses');
    await trainer.microStepFromLosses(makeMicroBatch([better, worse]), {
      first: true,
      seed,
      dNllOf: (nll) => gradient.of({ rows: [{ line: 0, better, worse }], reference, nll }),
    });
    // h = 0.5 (0.3 + 0.4); the loss's slope by h is -σ(-h).
    const slope = 0.5 / (1 + Math.exp(0.35));
    for (const [name, values] of await trainer.readGradients()) {
      const expected = Array.from(values, (_, i) => {
        return slope * ((a.gradients.get(name)?.[i] ?? NaN) - (b.gradients.get(name)?.[i] ?? NaN));
      });
      expectClose(values, Float32Array.from(expected), { atol: 1e-5, rtol: 1e-4 }, name);
    }
    trainer.dispose();
  });
});
