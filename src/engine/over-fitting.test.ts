import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openTestGpu } from '../../test/harness/gpu.ts';
import { folderOnDisk } from '../../test/harness/toy-llama.ts';
import type { LoraAdapter } from '../adapters/adapter.ts';
import type { Dataset } from '../data/dataset.ts';
import { makeMemoryStore } from '../storage/memory-store.ts';
import { resolveTrainConfig, type TrainConfig } from '../train/config.ts';
import { RunControl } from '../train/run-control.ts';
import { Core } from './core.ts';

const TOY = join(import.meta.dirname, '..', '..', 'test', 'fixtures', 'toy-llama', 'model');
const EVERY = 4;
const STEPS = 48;
const CONFIG = {
  steps: STEPS,
  evalEvery: EVERY,
  batchSize: 4,
  accumulate: 1,
  seqLen: 64,
  rank: 8,
  schedule: 'constant',
};

const asFile = (name: string, rows: readonly object[]): Dataset => ({
  name,
  bytes: new TextEncoder().encode(rows.map((row) => JSON.stringify(row)).join('\n')),
});
const boxes = (from: number, shelf: (i: number) => string) =>
  Array.from({ length: 6 }, (_, i) => ({
    prompt: `Where is box ${from + i}?`,
    completion: `on shelf ${shelf(from + i)}`,
  }));
// The form of an answer can be learned from six rows, the shelf cannot: it is another one for each box.
const data = asFile(
  'train.jsonl',
  boxes(1, (i) => 'xyzqvw'.charAt(i % 6).repeat(4)),
);
const evalData = asFile(
  'held-out.jsonl',
  boxes(21, (i) => 'abcdef'.charAt(i % 6).repeat(4)),
);

it('ends an over-fitting run at the least held-out loss and keeps that adapter, which forgot nothing', async () => {
  const gpu = await openTestGpu();
  const core = await Core.open({ device: 'webgpu', openGpu: () => Promise.resolve(gpu) });
  const model = await core.loadModel(folderOnDisk(TOY, 'toy-llama'), { base: 'f32' });
  const train = async (config: Partial<TrainConfig>) => {
    const evals: { readonly step: number; readonly evalLoss: number }[] = [];
    const { adapter, ...report } = await model.train({
      ...{ data, evalData, store: makeMemoryStore(), out: 'run', resume: false, control: new RunControl() },
      config: resolveTrainConfig(config),
      emit: (event) => event.kind === 'eval' && evals.push(event),
    });
    if (adapter === undefined) throw new Error('the run was not finished before');
    return { adapter, evals, report };
  };
  const config = { ...CONFIG, lr: 6e-3 } as Partial<TrainConfig>;
  const whole = await train(config);
  const least = whole.evals.reduce((a, b) => (b.evalLoss < a.evalLoss ? b : a));
  // The run does over-fit: the least loss lies within it, and the last one well above.
  expect(least.step).toBeLessThan(STEPS / 2);
  expect(whole.evals.at(-1)?.evalLoss).toBeGreaterThan(least.evalLoss + 0.3);

  const { adapter, evals, report } = await train({ ...config, earlyStoppingPatience: 2 });
  expect(report.ended).toBe('early-stopped');
  expect(evals.at(-1)?.step).toBe(least.step + 2 * EVERY);
  const lossOf = async (one: LoraAdapter) => (await model.evaluate(evalData, { adapter: one, maxNewTokens: 1 })).loss;
  expect(await lossOf(adapter)).toBeCloseTo(least.evalLoss, 3);
  expect(await lossOf(whole.adapter)).toBeGreaterThan(least.evalLoss + 0.1);

  const kept = async (one: LoraAdapter) => {
    const { suites, verdict } = await model.report(evalData, {
      ...{ adapter: one, isFull: false, maxNewTokens: 1, bars: [{ metric: 'forgetting.kept', atLeast: 0.5 }] },
      // As long as a run took, which is no whole number of milliseconds.
      limitSeconds: 120.000123,
    });
    const suite = suites.find(({ name }) => name === 'forgetting');
    // The bar is the suite's usual one.
    expect(suite?.usual).toMatchObject({ bar: { metric: 'forgetting.kept', atLeast: 0.5 }, verdict });
    return { share: suite?.scores['forgetting.kept']?.value, verdict };
  };
  expect(await kept(adapter)).toEqual({ share: 1, verdict: 'ready' });
  // Trained too hard and too long, it says what it was taught whatever is asked.
  const { adapter: bad } = await train({ ...config, lr: 2e-2, steps: 100, evalEvery: 100 });
  const forgotten = await kept(bad);
  expect(forgotten.share).toBeLessThan(0.3);
  expect(forgotten.verdict).toBe('not-ready');
  model.dispose();
});
