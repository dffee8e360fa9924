import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openTestGpu } from '../../test/harness/gpu.ts';
import { folderOnDisk } from '../../test/harness/toy-llama.ts';
import { resolveTrainConfig } from '../train/config.ts';
import { Core } from './core.ts';
import { fiveFold } from './five-fold.ts';

const TOY = join(import.meta.dirname, '..', '..', 'test', 'fixtures', 'toy-llama', 'model');

it('asks every row once of a model that was trained on the others', async () => {
  const gpu = await openTestGpu();
  const core = await Core.open({ device: 'webgpu', openGpu: () => Promise.resolve(gpu) });
  const model = await core.loadModel(folderOnDisk(TOY, 'toy-llama'), { base: 'f32' });
  const rows = Array.from({ length: 12 }, (_, i) => JSON.stringify({ prompt: `the ${i}`, completion: `cat ${i}` }));
  // A blank line stays one: rows are named by their lines in the file.
  const data = { name: 'rows.jsonl', bytes: new TextEncoder().encode(['', ...rows].join('\n')) };
  const config = resolveTrainConfig({ steps: 1, accumulate: 1, rank: 2, seqLen: 48 });
  const told: number[] = [];
  const [train, evaluate] = [model.train.bind(model), model.evaluate.bind(model)];
  const trained: string[] = [];
  model.train = (request) => {
    trained.push(new TextDecoder().decode(request.data.bytes));
    return train(request);
  };
  const held: string[] = [];
  model.evaluate = (part, options) => {
    held.push(new TextDecoder().decode(part.bytes));
    return evaluate(part, options);
  };
  const report = await fiveFold(model, data, config, { maxNewTokens: 1, onProgress: (done) => told.push(done) });
  expect(told).toEqual([0, 1, 2, 3, 4, 5]);
  expect(report.predictions.map(({ row }) => row)).toEqual(rows.map((_, i) => i + 2));
  expect(report.folds.map((fold) => fold.rows).sort()).toEqual([2, 2, 2, 3, 3]);
  for (const [fold, text] of held.entries()) {
    const [asked, seen] = [text, trained[fold] ?? ''].map((part) => part.split('\n').filter(Boolean));
    expect(asked?.filter((line) => seen?.includes(line))).toEqual([]);
    expect([...(asked ?? []), ...(seen ?? [])]).toHaveLength(rows.length);
  }
  expect(report.scores.exactMatch).toMatchObject({ rows: 12, interval: 'wilson' });
  expect(report.loss).toBeGreaterThan(0);

  const few = { name: 'few.jsonl', bytes: new TextEncoder().encode(rows.slice(0, 9).join('\n')) };
  await expect(fiveFold(model, few, config)).rejects.toThrow('few.jsonl: rows: got 9, wanted at least 10');
  const stopped = AbortSignal.abort();
  await expect(fiveFold(model, data, config, { signal: stopped })).rejects.toMatchObject({ code: 'aborted' });
  model.dispose();
});
