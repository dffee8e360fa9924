import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PEFT_WEIGHTS_FILE } from '../../src/adapters/formats/peft.ts';
import { Core, type LoadedModel } from '../../src/engine/core.ts';
import type { Gpu } from '../../src/gpu/gpu.ts';
import { wordPhrase } from '../../src/phrase.ts';
import { makeMemoryStore } from '../../src/storage/memory-store.ts';
import type { FileStore } from '../../src/storage/store.ts';
import { resolveTrainConfig, type TrainConfig } from '../../src/train/config.ts';
import { RunControl } from '../../src/train/run-control.ts';
import type { RunEvent, TrainedRun } from '../../src/train/run-events.ts';
import { readRunRecord } from '../../src/train/run-record.ts';
import { openTestGpu } from '../harness/gpu.ts';
import { shortOfMemory } from '../harness/short-of-memory.ts';
import { folderOnDisk, toyAdapter } from '../harness/toy-llama.ts';

const TOY = join(import.meta.dirname, '..', 'fixtures', 'toy-llama');
const ROWS = { name: 'data.jsonl', bytes: readFileSync(join(TOY, 'data.jsonl')) };
const QUESTIONS = {
  name: 'questions.jsonl',
  bytes: new TextEncoder().encode(
    '{"prompt": "the cat", "completion": "sat"}\n{"prompt": "a dog", "completion": "ran"}\n',
  ),
};

const openToy = (core: Core): Promise<LoadedModel> =>
  core.loadModel(folderOnDisk(join(TOY, 'model'), 'toy-llama'), { context: 64 });

const train = (
  model: LoadedModel,
  store: FileStore,
  {
    steps = 4,
    saveEvery = 2,
    control = new RunControl(),
    emit = () => undefined,
    resume = false,
    ...config
  }: Partial<TrainConfig> & {
    readonly control?: RunControl;
    readonly emit?: (event: RunEvent) => void;
    readonly resume?: boolean;
  } = {},
): Promise<TrainedRun> =>
  model.train({
    config: resolveTrainConfig({
      rank: 2,
      dropout: 0.1,
      steps,
      accumulate: 1,
      seqLen: 48,
      saveEvery,
      lr: 1e-2,
      ...config,
    }),
    ...{ data: ROWS, store, out: 'run', resume, emit, control },
  });

const answer = (model: LoadedModel, onText?: (text: string) => void): Promise<string> =>
  model
    .generate({ input: { text: 'the cat' }, maxNewTokens: 6 }, { ...(onText && { onText }) })
    .then(({ text, tokens }) => `${text} ${tokens.join(' ')}`);

/** Two turns of a chat. */
async function talk(model: LoadedModel): Promise<string[]> {
  const chat = model.chat({ maxNewTokens: 3 });
  const said: string[] = [];
  for (const text of ['the cat', 'a dog']) for await (const piece of chat.send(text)) said.push(piece);
  return said;
}

const lossesIn = async (from: FileStore): Promise<string[]> =>
  (await from.readText('run/metrics.jsonl')).match(/(?<="loss":)[^,]*/g) ?? [];

/** 20 by WEBLORA_DEVICE_LOSSES=20, for docs/checks.md: each takes a device opened and all kernels compiled anew. */
const LOSSES = Number(process.env['WEBLORA_DEVICE_LOSSES'] ?? 4);

describe('a device that is lost', () => {
  it(
    'delays a run, an answer, an evaluation and a chat, and changes nothing of them',
    { timeout: 600_000 },
    async () => {
      const core = await Core.open({ device: 'webgpu', openGpu: openTestGpu });
      const opened: (Gpu | undefined)[] = [core.gpu];
      const lose = (): void => {
        if (opened.at(-1) !== core.gpu) opened.push(core.gpu);
        core.gpu?.device.destroy();
      };
      const model = await openToy(core);
      const whole = makeMemoryStore();
      expect((await train(model, whole)).ended).toBe('completed');
      const text = await answer(model);
      const report = await model.evaluate(QUESTIONS, { maxNewTokens: 2 });

      // Before its first checkpoint, and after it.
      const store = makeMemoryStore();
      const events: string[] = [];
      let lost = 0;
      const outcome = await train(model, store, {
        emit: (event) => {
          if (event.kind === 'step' || event.kind === 'device-lost') events.push(`${event.kind} ${event.step}`);
          if (event.kind === 'started') events.push('started');
          if (event.kind === 'step' && ((lost === 0 && event.step === 1) || (lost === 1 && event.step === 3))) {
            lost += 1;
            lose();
          }
        },
      });
      expect(outcome).toMatchObject({ ended: 'completed', steps: 4 });
      expect(events.filter((event) => !event.startsWith('step'))).toEqual([
        'started',
        'device-lost 0',
        'device-lost 2',
      ]);
      expect(await store.read(`run/${PEFT_WEIGHTS_FILE}`)).toEqual(await whole.read(`run/${PEFT_WEIGHTS_FILE}`));
      expect((await readRunRecord(store, 'run'))?.incidents).toMatchObject([
        { kind: 'device-lost', step: 0, wasAtWork: true },
        { kind: 'device-lost', step: 2, wasAtWork: true },
      ]);
      expect(core.gpu?.sliceShare).toBe(1 / 16);
      expect(await lossesIn(store)).toEqual(await lossesIn(whole));

      // Between calls, and within an answer: what was said stays said.
      lose();
      const again = await Promise.all([answer(model), model.evaluate(QUESTIONS, { maxNewTokens: 2 })]);
      expect(again).toEqual([text, report]);
      let said = 0;
      const loseAtSecond = (): void => {
        said += 1;
        if (said === 2) lose();
      };
      expect(await answer(model, loseAtSecond)).toBe(text);
      lose();
      const other = await openToy(core);
      expect(await answer(other)).toBe(text);
      expect(opened.length).toBeGreaterThanOrEqual(4);
      core.dispose();
    },
  );

  it('may be lost in every update of a run, with other work in between', { timeout: 600_000 }, async () => {
    const core = await Core.open({ device: 'webgpu', openGpu: openTestGpu });
    const model = await openToy(core);
    const config = { steps: LOSSES + 1, saveEvery: 1 };
    const whole = makeMemoryStore();
    await train(model, whole, config);
    const text = await answer(model);
    const report = await model.evaluate(QUESTIONS, { maxNewTokens: 2 });
    const said = (await talk(model)).join('|');

    // What is done while the run opens its next device.
    const between: Promise<unknown>[] = [];
    const works: readonly (() => Promise<void>)[] = [
      async () => expect(await answer(model)).toBe(text),
      async () => expect(await model.evaluate(QUESTIONS, { maxNewTokens: 2 })).toEqual(report),
      async () => {
        const other = await openToy(core);
        expect(await answer(other)).toBe(text);
        other.dispose();
      },
      async () => expect((await talk(model)).join('|')).toBe(said),
    ];
    const store = makeMemoryStore();
    const control = new RunControl();
    const lost: number[] = [];
    const outcome = await train(model, store, {
      ...config,
      control,
      emit: (event) => {
        if (event.kind !== 'step' || event.step > LOSSES || event.step <= lost.length) return;
        lost.push(event.step);
        core.gpu?.device.destroy();
        // The next loss waits for it: work that loses its device three times ends.
        control.pause();
        const work = works[lost.length % works.length]?.();
        between.push(work?.finally(() => control.resume()) ?? Promise.resolve());
      },
    });
    await Promise.all(between);
    expect(outcome).toMatchObject({ ended: 'completed', steps: LOSSES + 1 });
    expect(lost.length).toBe(LOSSES);
    expect(await store.read(`run/${PEFT_WEIGHTS_FILE}`)).toEqual(await whole.read(`run/${PEFT_WEIGHTS_FILE}`));
    core.dispose();
  });

  it('ends work that loses it three times in a row, with everything saved and the reason', async () => {
    const core = await Core.open({ device: 'webgpu', openGpu: openTestGpu });
    const model = await openToy(core);
    const store = makeMemoryStore();
    const lost: number[] = [];
    await expect(
      train(model, store, {
        emit: (event) => {
          if (event.kind === 'device-lost') lost.push(event.step);
          if (event.kind === 'step' && event.step > 2) core.gpu?.device.destroy();
        },
      }),
    ).rejects.toMatchObject({ code: 'device-lost', message: expect.stringContaining('3 times') as string });
    expect(lost).toEqual([2, 2]);
    expect((await readRunRecord(store, 'run'))?.status).toBe('failed');
    expect(await store.exists('run/checkpoints/step-2/manifest.json')).toBe(true);
    await expect(answer(model)).resolves.toMatch(/ /);
    core.dispose();
  }, 600_000);
});

describe('shorter submissions', () => {
  it('are more of them, and change no bit', async () => {
    const gpu = await openTestGpu();
    const submit = gpu.device.queue.submit.bind(gpu.device.queue);
    let submissions = 0;
    Object.defineProperty(gpu.device.queue, 'submit', {
      value: (buffers: Iterable<GPUCommandBuffer>) => {
        submissions += 1;
        submit(buffers);
      },
    });
    const core = await Core.open({ device: 'webgpu', openGpu: () => Promise.resolve(gpu) });
    const model = await openToy(core);
    // Where tilings are measured, the first run does it by submissions of its own.
    await train(model, makeMemoryStore(), { steps: 1 });
    const counts: number[] = [];
    const adapters: Uint8Array[] = [];
    for (const share of [1, 1e-4]) {
      gpu.sliceShare = share;
      const store = makeMemoryStore();
      submissions = 0;
      await train(model, store, { steps: 2 });
      counts.push(submissions);
      adapters.push(await store.read(`run/${PEFT_WEIGHTS_FILE}`));
    }
    const [usual = 0, shorter = 0] = counts;
    expect(shorter).toBeGreaterThan(2 * usual);
    expect(adapters[1]).toEqual(adapters[0]);
    core.dispose();
  }, 600_000);
});

describe('a run whose GPU has no memory left on the way', () => {
  it('goes on with more computed again, then with half the micro-batch, and gives up at the third time', async () => {
    const gpu = await openTestGpu();
    const memory = shortOfMemory(gpu);
    const core = await Core.open({ device: 'webgpu', openGpu: () => Promise.resolve(gpu) });
    const model = await openToy(core);
    const config = { steps: 6, saveEvery: 2, batchSize: 2, accumulate: 1, dropout: 0 };
    const whole = makeMemoryStore();
    await train(model, whole, config);
    expect((await readRunRecord(whole, 'run'))?.kernels.checkpointing).toBe('none');

    /** A run that has no memory at its next allocation after update 3, so many times. */
    const short = async (
      store: FileStore,
      times: number,
      { control, ...more }: { readonly control?: RunControl; readonly stopAt?: number } = {},
    ): Promise<{ readonly outcome: TrainedRun; readonly told: readonly RunEvent[] }> => {
      let left = times;
      const told: RunEvent[] = [];
      const emit = (event: RunEvent): void => {
        if (event.kind === 'memory-short') {
          memory.failFrom(undefined);
          told.push(event);
        }
        if (event.kind !== 'step') return;
        if (event.step === 3 && left > 0) {
          left -= 1;
          memory.failFrom(0);
        } else if (event.step === more.stopAt && told.length === times) control?.stop();
      };
      try {
        return { outcome: await train(model, store, { ...config, emit, ...(control && { control }) }), told };
      } finally {
        memory.failFrom(undefined);
      }
    };
    const readAdapter = (store: FileStore): Promise<Uint8Array> => store.read(`run/${PEFT_WEIGHTS_FILE}`);

    const once = makeMemoryStore();
    const first = await short(once, 1);
    expect(first.outcome.ended).toBe('completed');
    expect(first.told).toMatchObject([{ step: 2, remedy: 'checkpointing', checkpointing: 'block-and-attention' }]);
    expect(await readAdapter(once)).toEqual(await readAdapter(whole));
    expect(await readRunRecord(once, 'run')).toMatchObject({
      kernels: { checkpointing: 'block-and-attention' },
      incidents: [{ kind: 'memory-short', step: 2, reason: expect.stringMatching(/memory/) as string }],
    });

    const twice = makeMemoryStore();
    const second = await short(twice, 2);
    expect(second.told.at(-1)).toMatchObject({ step: 2, remedy: 'micro-batch', batchSize: 1, accumulate: 2 });
    expect((await readRunRecord(twice, 'run'))?.resolved).toMatchObject({ accumulate: 1, batchSplit: 2 });
    const [got, wanted] = await Promise.all([lossesIn(twice), lossesIn(whole)]);
    expect(got).toHaveLength(6);
    got.forEach((loss, i) => expect(Number(loss)).toBeCloseTo(Number(wanted[i]), 5));

    const stopped = makeMemoryStore();
    const control = new RunControl();
    expect((await short(stopped, 2, { control, stopAt: 4 })).outcome.ended).toBe('stopped');
    const notices: string[] = [];
    await train(model, stopped, {
      ...config,
      resume: true,
      emit: (event) => event.kind === 'started' && notices.push(...event.notices.map((notice) => wordPhrase(notice))),
    });
    expect(notices).toContain('memory was short before: micro-batches have 1 of 2 rows, and an update has 2 of them');
    expect(await readAdapter(stopped)).toEqual(await readAdapter(twice));

    const thrice = makeMemoryStore();
    await expect(short(thrice, 3)).rejects.toMatchObject({
      code: 'out-of-memory',
      message: expect.stringMatching(/\(3 times in a row\); close other programs/) as string,
    });
    expect(await readRunRecord(thrice, 'run')).toMatchObject({ status: 'failed', resolved: { batchSplit: 2 } });
    expect(await thrice.exists('run/checkpoints/step-2/manifest.json')).toBe(true);
    core.dispose();
  }, 600_000);
});

describe('a GPU without memory', () => {
  it(
    'says so at every allocation, and the next call works, with as many bytes as before',
    { timeout: 600_000 },
    async () => {
      const gpu = await openTestGpu();
      const memory = shortOfMemory(gpu);
      const core = await Core.open({ device: 'webgpu', openGpu: () => Promise.resolve(gpu) });
      const adapter = toyAdapter('toy-llama', 'adapter-random');
      const model = await openToy(core);
      const calls: Record<string, () => Promise<unknown>> = {
        load: async () => (await openToy(core)).dispose(),
        train: () => train(model, makeMemoryStore(), { steps: 1 }),
        generate: () => model.generate({ input: { text: 'the cat' }, maxNewTokens: 2 }, { adapter }),
        evaluate: () => model.evaluate(QUESTIONS, { adapter, maxNewTokens: 1 }),
      };
      let sites = 0;
      for (const [name, call] of Object.entries(calls)) {
        // What earlier calls left to be used again is given back by the first that is short of memory.
        let left: number | undefined;
        for (let site = 0; ; site += 1) {
          memory.failFrom(site);
          const failure: unknown = await call().then(
            () => undefined,
            (error: unknown) => error,
          );
          memory.failFrom(undefined);
          if (failure === undefined) break;
          sites += 1;
          expect(failure, `${name}, allocation ${site}`).toMatchObject({ code: 'out-of-memory' });
          left ??= gpu.bytesAllocated;
          expect(gpu.bytesAllocated, `${name}, allocation ${site}`).toBe(left);
        }
        expect(left, name).toBeDefined();
        await call();
      }
      expect(sites).toBeGreaterThan(100);
      model.dispose();
    },
  );
});
