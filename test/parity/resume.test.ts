import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { PEFT_WEIGHTS_FILE } from '../../src/adapters/formats/peft.ts';
import type { Dataset } from '../../src/data/dataset.ts';
import { OBJECTIVE_NAMES, OBJECTIVES } from '../../src/objectives/index.ts';
import { wordPhrase } from '../../src/phrase.ts';
import { makeMemoryStore } from '../../src/storage/memory-store.ts';
import type { FileStore } from '../../src/storage/store.ts';
import { resolveTrainConfig, type TrainConfig } from '../../src/train/config.ts';
import { readRunRecord } from '../../src/train/run-record.ts';
import { RunControl } from '../../src/train/run-control.ts';
import type { RunEvent, TrainedRun } from '../../src/train/run-events.ts';
import { Core, type LoadedModel } from '../../src/engine/core.ts';
import { testGpu } from '../harness/gpu.ts';
import { folderOnDisk } from '../harness/toy-llama.ts';

const TOY = join(import.meta.dirname, '..', 'fixtures', 'toy-llama');
const DATA = { name: 'data.jsonl', bytes: readFileSync(join(TOY, 'data.jsonl')) };
const utf8 = (rows: readonly object[]): Uint8Array =>
  new TextEncoder().encode(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
const QUESTIONS = ['the cat', 'a ring', 'to be or', 'and on'];
const ROWS = {
  example: DATA,
  preference: {
    name: 'pairs.jsonl',
    bytes: utf8(QUESTIONS.map((prompt, i) => ({ prompt, chosen: `${'on '.repeat(i)}singing`, rejected: 'a bed' }))),
  },
  labelled: {
    name: 'judged.jsonl',
    bytes: utf8(QUESTIONS.map((prompt, i) => ({ prompt, completion: 'on singing', label: i % 2 === 0 }))),
  },
};

/** Everything that a run can have beside plain LoRA, and that has a state or is random. */
const REGULARISED: Partial<TrainConfig> = {
  rankPattern: { q_proj: 2, 'layers\\.0\\..*_proj': 1 },
  alphaPattern: { v_proj: 3 },
  layersToTransform: [0, 1],
  excludeModules: ['o_proj'],
  loraPlusRatio: 4,
  weightDecay: 0.1,
  initDecay: 5,
  neftune: 5,
};

const CONFIG: Partial<TrainConfig> = {
  rank: 3,
  alpha: 6,
  dropout: 0.1,
  steps: 6,
  batchSize: 1,
  accumulate: 2,
  seqLen: 48,
  saveEvery: 2,
  seed: 5,
  lr: 1e-2,
};

describe('a run that is interrupted', () => {
  let model: LoadedModel;
  beforeAll(async () => {
    const core = await Core.open({ device: 'webgpu', openGpu: testGpu });
    model = await core.loadModel(folderOnDisk(join(TOY, 'model'), 'toy-llama'));
    return () => {
      model.dispose();
    };
  });

  const run = (
    store: FileStore,
    options: {
      resume?: boolean;
      control?: RunControl;
      emit?: (event: RunEvent) => void;
      config?: Partial<TrainConfig>;
      data?: Dataset;
      replayData?: Dataset;
    } = {},
  ): Promise<TrainedRun> =>
    model.train({
      config: resolveTrainConfig({ ...CONFIG, ...options.config }),
      data: options.data ?? DATA,
      ...(options.replayData && { replayData: options.replayData }),
      store,
      out: 'run',
      resume: options.resume ?? false,
      emit: options.emit ?? (() => undefined),
      control: options.control ?? new RunControl(),
    });

  const resultOf = async (store: FileStore): Promise<{ adapter: Uint8Array; losses: unknown[] }> => {
    const lines = (await store.readText('run/metrics.jsonl')).trim().split('\n');
    const losses = lines.map((line) => {
      const { step, loss, grad_norm, learning_rate } = JSON.parse(line) as Record<string, number>;
      return { step, loss, grad_norm, learning_rate };
    });
    return { adapter: await store.read(`run/${PEFT_WEIGHTS_FILE}`), losses };
  };

  it('continues bit for bit after a stop, and after death at any write', async () => {
    const whole = makeMemoryStore();
    expect((await run(whole)).ended).toBe('completed');
    const expected = await resultOf(whole);
    expect(expected.losses).toHaveLength(6);

    const again = makeMemoryStore();
    await run(again);
    expect((await resultOf(again)).adapter, 'the same seed, the same bits').toEqual(expected.adapter);

    const stopped = makeMemoryStore();
    const control = new RunControl();
    const outcome = await run(stopped, {
      control,
      emit: (event) => event.kind === 'step' && event.step === 3 && control.stop(),
    });
    expect(outcome.ended).toBe('stopped');
    expect((await run(stopped, { resume: true })).ended).toBe('completed');
    expect(await resultOf(stopped)).toEqual(expected);

    let deaths = 0;
    for (let operations = 2; ; operations += 3) {
      const store = makeMemoryStore();
      store.faults.operationsLeft = operations;
      const death = await run(store).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (death === undefined) break;
      deaths += 1;
      store.faults.operationsLeft = Number.POSITIVE_INFINITY;
      await store.remove('run/.lock');
      expect((await run(store, { resume: true })).ended).toBe('completed');
      expect(await resultOf(store), `death after ${operations} writes`).toEqual(expected);
    }
    expect(deaths).toBeGreaterThan(5);
  }, 900_000);

  it.each([
    ...OBJECTIVE_NAMES.map((objective) => ({ objective, ...(objective !== 'sft' && { initDecay: 5, neftune: 5 }) })),
    { objective: 'sft', ...REGULARISED, labelSmoothing: 0.1 },
    { objective: 'sft', ...REGULARISED, optimizer: 'sgd', method: 'dora' },
  ] as const)(
    'continues bit for bit after death, with the bytes that the plan has: %o',
    async (given) => {
      const config: Partial<TrainConfig> = { ...given, steps: 4, saveEvery: 2, accumulate: 1 };
      const data = ROWS[OBJECTIVES[given.objective].rows];
      const whole = makeMemoryStore();
      await run(whole, { config, data });
      expect((await readRunRecord(whole, 'run'))?.plan).toEqual(
        model.plan(resolveTrainConfig({ ...CONFIG, ...config })),
      );
      const killed = makeMemoryStore();
      const death = run(killed, {
        config,
        data,
        // Within the writes of the updates that follow.
        emit: (event) => event.kind === 'checkpoint' && (killed.faults.operationsLeft = 2),
      });
      await expect(death).rejects.toThrow();
      killed.faults.operationsLeft = Number.POSITIVE_INFINITY;
      await killed.remove('run/.lock');
      expect(await killed.exists(`run/${PEFT_WEIGHTS_FILE}`)).toBe(false);
      expect((await run(killed, { config, data, resume: true })).ended).toBe('completed');
      expect(await resultOf(killed)).toEqual(await resultOf(whole));
    },
    300_000,
  );

  it('mixes general rows in by their share, the same when it is resumed, and says so', async () => {
    const general = utf8(QUESTIONS.map((prompt) => ({ prompt, completion: 'and the rest' })));
    const replayData = { name: 'general.jsonl', bytes: general };
    const config: Partial<TrainConfig> = { replayShare: 0.4, steps: 4, saveEvery: 2, accumulate: 1 };
    const whole = makeMemoryStore();
    const notices: string[] = [];
    await run(whole, {
      config,
      replayData,
      emit: (event) => event.kind === 'started' && notices.push(...event.notices.map((notice) => wordPhrase(notice))),
    });
    expect(notices.join('\n')).toContain('8 of 20 training rows are of general.jsonl (40 %)');
    expect(await readRunRecord(whole, 'run')).toMatchObject({
      trainRows: 20,
      replayRows: 8,
      replayData: { name: 'general.jsonl', rows: 4 },
      settings: { 'replay-share': 0.4 },
    });
    const killed = makeMemoryStore();
    const death = run(killed, {
      config,
      replayData,
      emit: (event) => event.kind === 'checkpoint' && (killed.faults.operationsLeft = 2),
    });
    await expect(death).rejects.toThrow();
    killed.faults.operationsLeft = Number.POSITIVE_INFINITY;
    await killed.remove('run/.lock');
    const other = { ...replayData, bytes: utf8([{ prompt: 'a', completion: 'b' }]) };
    await expect(run(killed, { config, replayData: other, resume: true })).rejects.toThrow(/^replayData: got general/);
    await run(killed, { config, replayData, resume: true });
    expect(await resultOf(killed)).toEqual(await resultOf(whole));
    const without = makeMemoryStore();
    await run(without, { config: { steps: 4, saveEvery: 2, accumulate: 1 } });
    expect(await resultOf(without)).not.toEqual(await resultOf(whole));
    await expect(run(makeMemoryStore(), { config })).rejects.toThrow(/^replayShare: got 0.4 without a file/);
  });

  it('continues bit for bit with its moments in 8 bits, also where the memory limit chose that', async () => {
    const most = model.plan(resolveTrainConfig(CONFIG)).totalBytes;
    const configs: Partial<TrainConfig>[] = [{ optimizerState: '8bit' }];
    for (let memoryLimitBytes = most; configs.length < 2; memoryLimitBytes -= 1024) {
      const config = { memoryLimitBytes };
      if (model.plan(resolveTrainConfig({ ...CONFIG, ...config })).optimizerState === '8bit') configs.push(config);
    }
    for (const config of configs) {
      const whole = makeMemoryStore();
      await run(whole, { config });
      const stopped = makeMemoryStore();
      const control = new RunControl();
      await run(stopped, {
        config,
        control,
        emit: (event) => event.kind === 'step' && event.step === 3 && control.stop(),
      });
      const record = await readRunRecord(stopped, 'run');
      expect(record?.kernels.optimizerState).toBe('8bit');
      expect((await run(stopped, { config, resume: true })).ended).toBe('completed');
      expect(await resultOf(stopped)).toEqual(await resultOf(whole));
    }
    const inFloats = makeMemoryStore();
    await run(inFloats);
    const inBytes = makeMemoryStore();
    await run(inBytes, { config: { optimizerState: '8bit' } });
    expect((await resultOf(inBytes)).adapter, 'another optimizer state, another run').not.toEqual(
      (await resultOf(inFloats)).adapter,
    );
  }, 600_000);

  it('is not started over a finished adapter, and is not changed by resuming when finished', async () => {
    const store = makeMemoryStore();
    await run(store);
    await expect(run(store)).rejects.toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: out run: got a folder with a finished adapter, wanted a new folder; choose another out, or replace it with overwrite]`,
    );
    const before = await store.read(`run/${PEFT_WEIGHTS_FILE}`);
    expect((await run(store, { resume: true })).ended).toBe('already-finished');
    expect(await store.read(`run/${PEFT_WEIGHTS_FILE}`)).toEqual(before);
  }, 600_000);

  it('ends with advice and keeps its last checkpoint when a step is not finite', async () => {
    const store = makeMemoryStore();
    // A rate of 1e30 overflows after the first update that has an effect.
    await expect(run(store, { config: { lr: 1e30, saveEvery: 1, warmupRatio: 0, maxGradNorm: 0 } })).rejects.toThrow(
      /nothing was changed by this update; lower lr/,
    );
    const folders = await store.list('run/checkpoints');
    for (const { name } of folders)
      expect(JSON.parse(await store.readText(`run/checkpoints/${name}/manifest.json`))).toMatchObject({ version: 1 });
    expect(await store.exists(`run/${PEFT_WEIGHTS_FILE}`)).toBe(false);
  }, 600_000);
});
