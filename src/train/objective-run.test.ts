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
import { OBJECTIVE_NAMES, OBJECTIVES, objectiveOf, type ObjectiveName } from '../objectives/index.ts';
import { makeMemoryStore } from '../storage/memory-store.ts';
import type { FileStore } from '../storage/store.ts';
import { resolveTrainConfig, type TrainConfig } from './config.ts';
import { readMetrics } from './metrics-file.ts';
import { RunControl } from './run-control.ts';
import type { TrainedRun } from './run-events.ts';
import { runTraining } from './run.ts';
import { TfjsTrainer } from './tfjs-trainer.ts';

const utf8 = (rows: readonly object[]): Uint8Array =>
  new TextEncoder().encode(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));

const QUESTIONS = ['the cat', 'a ring', 'to be or', 'and on', 'the ship', 'one two', 'in the', 'her bed'];
/** The rule: answers that end in "ing" are better. */
const FILES = {
  example: {
    name: 'data.jsonl',
    bytes: readFileSync(join(import.meta.dirname, '..', '..', 'test', 'fixtures', 'toy-llama', 'data.jsonl')),
  },
  preference: {
    name: 'pairs.jsonl',
    bytes: utf8(QUESTIONS.map((prompt, i) => ({ prompt, chosen: `${'on '.repeat(i % 3)}singing`, rejected: 'a bed' }))),
  },
  labelled: {
    name: 'judged.jsonl',
    bytes: utf8(
      QUESTIONS.map((prompt, i) => ({
        prompt,
        completion: i % 2 === 0 ? 'singing' : 'a bed there',
        label: i % 2 === 0,
      })),
    ),
  },
};

describe('a run', () => {
  let tf: Tf;
  let opened: OpenModel;
  beforeAll(async () => {
    [tf, opened] = await Promise.all([openTfjs('cpu'), openToy('toy-llama')]);
  });

  const run = (
    objective: ObjectiveName,
    store: FileStore,
    options: { resume?: boolean; stopAfter?: number; config?: Partial<TrainConfig> } = {},
  ): Promise<TrainedRun> => {
    const control = new RunControl();
    const config = resolveTrainConfig({
      objective,
      rank: 2,
      alpha: 4,
      seqLen: 48,
      steps: 6,
      accumulate: 2,
      lr: 2e-2,
      evalSplit: 0.34,
      evalEvery: 6,
      saveEvery: 100,
      warmupRatio: 0,
      dropout: 0.1,
      ...options.config,
    });
    return runTraining({
      opened,
      base: { format: 'f32', context: 64 },
      objective: objectiveOf(config),
      config,
      data: FILES[OBJECTIVES[objective].rows],
      store,
      out: 'run',
      resume: options.resume ?? false,
      makeTrainer: async ({ settings: planned }) => {
        const isPair = OBJECTIVES[objective].rows === 'preference';
        expect(planned.rows, 'all sequences of a row fit one pass').toBe((isPair ? 2 : 1) * 48);
        return {
          trainer: await TfjsTrainer.make(tf, opened, { ...planned, format: 'f32', context: 64 }),
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

  it.each(OBJECTIVE_NAMES)(
    'of %s gets better and continues bit for bit',
    async (objective) => {
      const whole = makeMemoryStore();
      expect((await run(objective, whole)).ended).toBe('completed');
      const { steps, evals } = await readMetrics(whole, 'run');
      expect(steps.at(-1)?.loss).toBeLessThan(steps[0]?.loss ?? NaN);
      expect(await whole.exists('run/reference.json')).toBe(['dpo', 'ipo', 'kto'].includes(objective));
      if (objective !== 'sft') {
        expect(evals[0]?.objective?.['rewards/margins']).toBeTypeOf('number');
        const first = steps[0]?.objective?.['rewards/margins'] ?? -1e9;
        const last = Math.max(...steps.map((step) => step.objective?.['rewards/margins'] ?? -Infinity));
        expect(last).toBeGreaterThan(first);
      }

      const stopped = makeMemoryStore();
      expect((await run(objective, stopped, { stopAfter: 2 })).ended).toBe('stopped');
      const kept = 'run/reference.json';
      const reference = (await stopped.exists(kept)) ? await stopped.readText(kept) : undefined;
      // One damaged digit is found, and what was there is computed again.
      if (reference !== undefined)
        await stopped.write(
          kept,
          reference.replace(/(\[\[\d+\.)(\d)/, (_, head: string, digit: string) => head + String(9 - Number(digit))),
        );
      expect((await run(objective, stopped, { resume: true })).ended).toBe('completed');
      if (reference !== undefined) expect(await stopped.readText(kept)).toBe(reference);
      expect(await stopped.read(`run/${PEFT_WEIGHTS_FILE}`)).toEqual(await whole.read(`run/${PEFT_WEIGHTS_FILE}`));
      const resumed = await readMetrics(stopped, 'run');
      expect(resumed.steps.map(({ loss }) => loss)).toEqual(steps.map(({ loss }) => loss));
    },
    120_000,
  );

  it('of dpo starts at log 2 and keeps the sums of both answers’ losses', async () => {
    const store = makeMemoryStore();
    await run('dpo', store, { config: { steps: 1, evalEvery: 1 } });
    const { steps } = await readMetrics(store, 'run');
    // The untrained adapter is the reference but for dropout, which does nothing while B is 0.
    expect(steps[0]?.loss).toBeCloseTo(Math.LN2, 5);
    const { train, evaluation } = JSON.parse(await store.readText('run/reference.json')) as Readonly<
      Record<'train' | 'evaluation', number[][]>
    >;
    const kept = [...train, ...evaluation];
    expect(kept).toHaveLength(QUESTIONS.length);
    expect(kept).toSatisfy((all: number[][]) => all.every((sums) => sums.length === 2));
  });

  it.each([
    ['dpo', 'labelled', 'choose objective kto, or another file'],
    ['kto', 'preference', 'choose objective dpo, ipo, orpo or simpo, or another file'],
    ['sft', 'preference', 'choose objective dpo, ipo, orpo or simpo, or another file'],
    ['dpo', 'example', 'choose objective sft, or another file'],
  ] as const)('of %s refuses a file of %s rows and names what fits', async (objective, kind, fix) => {
    const config = resolveTrainConfig({ objective, steps: 1, seqLen: 48 });
    const attempt = runTraining({
      opened,
      base: { format: 'f32', context: 64 },
      objective: objectiveOf(config),
      config,
      data: FILES[kind],
      store: makeMemoryStore(),
      out: 'run',
      makeTrainer: () => Promise.reject(new Error('not reached')),
      emit: () => undefined,
      control: new RunControl(),
    });
    await expect(attempt).rejects.toMatchObject({ code: 'unsupported' });
    await expect(attempt).rejects.toThrow(fix);
  });

  it("adds to the gradients what the sequences' own gradients make with the loss's slopes", async () => {
    const adapter = toyAdapter('toy-llama', 'adapter-random');
    const options = { format: 'f32', context: 64, optimizer: 'sgd', weightDecay: 0 } as const;
    const trainer = await TfjsTrainer.make(tf, opened, { ...options, lora: settingsOf(adapter) });
    trainer.writeState({ params: matricesOf(adapter) });
    const rows = toyRows('toy-llama', 'data.jsonl').slice(0, 2);
    const [chosen, rejected] = rows.map((row, line) => ({ ...row, line }));
    if (chosen === undefined || rejected === undefined) throw new Error('the fixture has no pair');
    const seed = { low: 0, high: 0 };
    const alone = async (row: typeof chosen): Promise<{ nll: number; gradients: Map<string, Float32Array> }> => {
      const batch = makeMicroBatch([row]);
      trainer.microStep(batch, { first: true, seed });
      const nll = (await trainer.evaluate(batch)).reduce((sum, loss) => sum + loss, 0);
      return { nll, gradients: new Map(await trainer.readGradients()) };
    };
    const [a, b] = [await alone(chosen), await alone(rejected)];
    const reference = [[a.nll + 0.3, b.nll - 0.4]];
    const { gradient } = objectiveOf({ ...resolveTrainConfig({ beta: 0.5, objective: 'dpo' }) });
    if (gradient.from !== 'losses') throw new Error('its gradient depends on the losses');
    const pair = { line: 0, chosen, rejected };
    await trainer.microStepFromLosses(makeMicroBatch([chosen, rejected]), {
      first: true,
      seed,
      dNllOf: (nll) => gradient.of({ rows: [pair], reference, nll, shared: 0 }),
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
