import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeMemoryStore } from '../storage/memory-store.ts';
import { resolveTrainConfig } from '../train/config.ts';
import { wordPhrase } from '../phrase.ts';
import { RunControl } from '../train/run-control.ts';
import type { RunRecord } from '../train/run-record.ts';
import { openTestGpu } from '../../test/harness/gpu.ts';
import { folderOnDisk } from '../../test/harness/toy-llama.ts';
import { Core } from './core.ts';

const TOY = join(import.meta.dirname, '..', '..', 'test', 'fixtures', 'toy-llama');

it('compiles before a run everything that the run needs, and allocates nothing for it', async () => {
  const gpu = await openTestGpu();
  const core = await Core.open({ device: 'webgpu', openGpu: () => Promise.resolve(gpu) });
  const model = await core.loadModel(folderOnDisk(join(TOY, 'model'), 'toy-llama'));
  const config = resolveTrainConfig({ rank: 3, dropout: 0.1, steps: 1, accumulate: 2, seqLen: 48 });
  const before = { bytes: gpu.bytesAllocated, programs: gpu.pipelines.size };
  await model.prepare(config);
  const programs = gpu.pipelines.size;
  expect(programs).toBeGreaterThan(before.programs);
  expect(gpu.bytesAllocated).toBe(before.bytes);
  const outcome = await model.train({
    config,
    data: { name: 'data.jsonl', bytes: readFileSync(join(TOY, 'data.jsonl')) },
    store: makeMemoryStore(),
    out: 'run',
    resume: false,
    emit: () => undefined,
    control: new RunControl(),
  });
  expect(outcome.ended).toBe('completed');
  expect(gpu.pipelines.size).toBe(programs);
  model.dispose();
});

it('compiles for a run while the weights stream in, where asked', async () => {
  const gpu = await openTestGpu();
  const core = await Core.open({ device: 'webgpu', openGpu: () => Promise.resolve(gpu) });
  // Measuring tilings compiles programs of its own, where the device has several.
  const config = resolveTrainConfig({ rank: 3, steps: 1, accumulate: 2, seqLen: 48, tune: false });
  const model = await core.loadModel(folderOnDisk(join(TOY, 'model'), 'toy-llama'), { prepare: config });
  const programs = gpu.pipelines.size;
  await model.prepare(config);
  expect(programs).toBeGreaterThan(0);
  expect(gpu.pipelines.size).toBe(programs);
  model.dispose();
});

it('tells that a resumed run goes on with other kernels, where the device lacks those it was begun with', async () => {
  const store = makeMemoryStore();
  const data = { name: 'data.jsonl', bytes: readFileSync(join(TOY, 'data.jsonl')) };
  const config = resolveTrainConfig({ rank: 3, steps: 2, accumulate: 1, seqLen: 48 });
  const noticesOf = async (device: 'webgpu' | 'cpu', resume: boolean): Promise<string[]> => {
    const core = await Core.open({ device, openGpu: openTestGpu });
    const model = await core.loadModel(folderOnDisk(join(TOY, 'model'), 'toy-llama'));
    const control = new RunControl();
    const notices: string[] = [];
    await model.train({
      ...{ config, data, store, out: 'run', resume, control },
      emit: (event) => {
        if (event.kind === 'started') notices.push(...event.notices.map((notice) => wordPhrase(notice)));
        if (event.kind === 'step') control.stop();
      },
    });
    model.dispose();
    return notices;
  };
  const begun = await noticesOf('webgpu', false);
  const { kernels } = JSON.parse(await store.readText('run/run.json')) as RunRecord;
  expect(await noticesOf('cpu', true)).toEqual([
    ...begun,
    `the run was begun with ${kernels.variant} kernels, which this device cannot run; it goes on with tfjs kernels and ` +
      'differs from the uninterrupted run by rounding',
  ]);
});
