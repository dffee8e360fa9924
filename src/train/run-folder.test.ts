import { describe, expect, it } from 'vitest';
import { bytesToHex } from '@noble/hashes/utils.js';
import { ScriptedTrainer, scriptedRun, TOY_DATA } from '../../test/harness/scripted-run.ts';
import { openToy } from '../../test/harness/toy-llama.ts';
import { listRuns } from '../engine/run-library.ts';
import { makeMemoryStore, type MemoryStore } from '../storage/memory-store.ts';
import type { TrainConfig } from './config.ts';
import { readMetrics } from './metrics-file.ts';
import { RunControl } from './run-control.ts';
import type { TrainedRun } from './run-events.ts';
import { readRunRecord, type RunRecord } from './run-record.ts';
import type { RunRequest } from './run-request.ts';
import { sha256Of } from '../hash.ts';

const CONFIG: Partial<TrainConfig> = { steps: 6, saveEvery: 2 };
const WEIGHTS = 'run/adapter_model.safetensors';

interface Ended {
  readonly outcome: TrainedRun;
  readonly firstStep: number;
  readonly warnings: readonly string[];
}

async function run(store: MemoryStore, request: Partial<RunRequest> = {}, config = CONFIG): Promise<Ended> {
  let firstStep = Number.NaN;
  let warnings: readonly string[] = [];
  const outcome = await scriptedRun(new ScriptedTrainer(() => []), config, {
    store,
    emit: (event) => {
      if (event.kind === 'started') {
        firstStep = event.firstStep;
        warnings = event.warnings.map(String);
      }
    },
    ...request,
  });
  return { outcome, firstStep, warnings };
}

/** A run of 20 updates that was stopped after some, with the checkpoints of updates 4 and 6. */
async function stopped(): Promise<MemoryStore> {
  const store = makeMemoryStore();
  const control = new RunControl();
  const emit: RunRequest['emit'] = (event) => event.kind === 'step' && event.step === 5 && control.stop();
  expect((await run(store, { control, emit }, { ...CONFIG, steps: 20 })).outcome.ended).toBe('stopped');
  const checkpoints = (await store.list('run/checkpoints')).map(({ name }) => name);
  expect(checkpoints).toEqual(['step-4', 'step-6']);
  return store;
}

const LONG = { ...CONFIG, steps: 20 };
const resume = (store: MemoryStore, request: Partial<RunRequest> = {}): Promise<Ended> =>
  run(store, { resume: true, ...request }, LONG);

function flipBit(bytes: Uint8Array): Uint8Array {
  return bytes.with(200, (bytes[200] ?? 0) ^ 4);
}

async function contentOf(store: MemoryStore, folder = ''): Promise<Record<string, string>> {
  const content: Record<string, string> = {};
  for (const { name, kind } of await store.list(folder)) {
    const path = folder === '' ? name : `${folder}/${name}`;
    if (kind === 'folder') Object.assign(content, await contentOf(store, path));
    else content[path] = sha256Of(await store.read(path));
  }
  return content;
}

describe('a folder that WebLoRA did not write', () => {
  it.each([
    ['README.md', 'run/README.md'],
    ['metrics.jsonl', 'run/metrics.jsonl'],
    ['checkpoints', 'run/checkpoints/my-work/weights.bin'],
    ['adapter_model.safetensors', 'run/adapter_model.safetensors'],
    ['adapters.safetensors', 'run/adapters.safetensors'],
  ])('with a %s is refused, with overwrite too, and left as it is', async (name, path) => {
    const store = makeMemoryStore();
    await store.write(path, 'mine');
    await store.write('run/notes.txt', 'mine');
    const before = await contentOf(store);
    for (const overwrite of [false, true])
      await expect(run(store, { overwrite })).rejects.toMatchObject({
        code: 'exists',
        message: expect.stringContaining(`a folder with ${name}`) as string,
      });
    expect(await contentOf(store)).toEqual(before);
  });

  it('keeps files of other names', async () => {
    const store = makeMemoryStore();
    await store.write('run/notes.txt', 'mine');
    await run(store);
    expect(await store.readText('run/notes.txt')).toBe('mine');
  });

  it('with a finished adapter is replaced only where that is asked for', async () => {
    const store = makeMemoryStore();
    for (const name of ['adapter_config.json', 'adapter_model.safetensors', 'README.md'])
      await store.write(`run/${name}`, 'theirs');
    await expect(run(store)).rejects.toThrow(/replace that adapter with overwrite/);
    expect(await store.readText(WEIGHTS)).toBe('theirs');
    expect((await run(store, { overwrite: true })).outcome.ended).toBe('completed');
    expect(await store.size(WEIGHTS)).toBeGreaterThan(100);
  });

  it('keeps what lies beside our checkpoints when a run replaces its own', async () => {
    const store = await stopped();
    await store.write('run/checkpoints/mine/file', 'mine');
    await store.write('run/checkpoints/step-4/notes.txt', 'mine');
    await run(store, { overwrite: true });
    expect(await store.readText('run/checkpoints/mine/file')).toBe('mine');
    expect(await store.readText('run/checkpoints/step-4/notes.txt')).toBe('mine');
  });
});

describe('a resumed run', () => {
  it('is refused with other data, other held-out data or another base, naming both', async () => {
    const store = await stopped();
    const before = await contentOf(store);
    const data = { name: 'other.jsonl', bytes: TOY_DATA.bytes.subarray(0, TOY_DATA.bytes.indexOf(10) + 1) };
    await expect(resume(store, { data })).rejects.toMatchObject({
      code: 'bad-data',
      message: expect.stringMatching(
        /^data: got other\.jsonl with sha256 [0-9a-f]{12}…, wanted data\.jsonl with sha256 [0-9a-f]{12}…, with which the run began/,
      ) as string,
    });
    await expect(resume(store, { evalData: data })).rejects.toThrow(/^evalData: got other.jsonl .*, wanted none/);
    const opened = await openToy('toy-llama');
    await expect(resume(store, { opened: { ...opened, baseHash: 'f'.repeat(64) } })).rejects.toMatchObject({
      code: 'bad-model',
      message: expect.stringMatching(/^model: got .* with sha256 ffffffffffff…, wanted .* with sha256 /) as string,
    });
    await expect(resume(store, { base: { format: 'q8', context: 64 } })).rejects.toThrow(/^base: got q8, wanted f32/);
    expect(await contentOf(store)).toEqual(before);
  });

  it('goes on from the older checkpoint where the newest is damaged, says so, and keeps the damaged one aside', async () => {
    for (const [file, damage] of [
      ['params.safetensors', flipBit],
      ['position.json', () => new Uint8Array(0)],
      ['manifest.json', () => new TextEncoder().encode('null')],
      ['manifest.json', () => new TextEncoder().encode('{"version":1,"step":6,"files":{"../run.json":{}}}')],
    ] as const) {
      const store = await stopped();
      const path = `run/checkpoints/step-6/${file}`;
      await store.write(path, damage(await store.read(path)));
      const { outcome, firstStep, warnings } = await resume(store);
      expect(outcome.ended).toBe('completed');
      expect(firstStep).toBe(4);
      expect(warnings[0]).toMatch(
        /checkpoint of update 6 is damaged \(.*\) and was moved to run\/checkpoints\/damaged-step-6/,
      );
      expect(warnings[1]).toMatch(/older checkpoint of update 4/);
      expect(await store.exists('run/checkpoints/damaged-step-6/params.safetensors')).toBe(true);
      expect((await readMetrics(store, 'run')).steps.map(({ step }) => step)).toEqual(
        Array.from({ length: 20 }, (_, i) => i + 1),
      );
    }
  });

  it('keeps two checkpoints, also after a process that died before it removed the third', async () => {
    const store = await stopped();
    for (const { name } of await store.list('run/checkpoints/step-4'))
      await store.write(`run/checkpoints/step-2/${name}`, await store.read(`run/checkpoints/step-4/${name}`));
    const control = new RunControl();
    control.stop();
    expect((await resume(store, { control })).firstStep).toBe(6);
    expect((await store.list('run/checkpoints')).map(({ name }) => name)).toEqual(['step-4', 'step-6']);
  });

  it('reads its losses once, and says what became of those that are not what it wrote', async () => {
    const METRICS = 'run/metrics.jsonl';
    const store = await stopped();
    let reads = 0;
    const counting = Object.assign(Object.create(store) as MemoryStore, {
      read: (path: string) => {
        reads += path === METRICS ? 1 : 0;
        return store.read(path);
      },
    });
    expect((await resume(counting)).warnings).toEqual([]);
    expect(reads).toBe(1);

    const damaged = await stopped();
    for (const [damage, told] of [
      [() => damaged.write(METRICS, 'lost'), 'they were moved to run/metrics.damaged.jsonl'],
      [() => damaged.write(METRICS, 'again'), 'they were removed, as run/metrics.damaged.jsonl holds earlier ones'],
      [() => damaged.remove(METRICS), 'run/metrics.jsonl is gone'],
    ] as const) {
      await damage();
      const control = new RunControl();
      control.stop();
      expect((await resume(damaged, { control })).warnings).toEqual([
        `the losses up to update 6 are not those that the run wrote: ${told}, and the curve begins there anew`,
      ]);
      expect(await damaged.readText('run/metrics.damaged.jsonl')).toBe('lost');
    }
  });

  it('says that it starts from nothing where no checkpoint is whole', async () => {
    const store = await stopped();
    for (const step of [4, 6]) await store.write(`run/checkpoints/step-${step}/params.safetensors`, 'gone');
    const { firstStep, warnings } = await resume(store);
    expect(firstStep).toBe(0);
    expect(warnings).toHaveLength(3);
    expect(warnings[2]).toBe('run has no valid checkpoint: the run starts at update 0');
    for (const step of [4, 6])
      expect(await store.readText(`run/checkpoints/damaged-step-${step}/params.safetensors`)).toBe('gone');
  });

  it('does not take a finished run without its adapter for done', async () => {
    const store = makeMemoryStore();
    await run(store);
    await store.remove(WEIGHTS);
    await expect(run(store, { resume: true })).rejects.toMatchObject({ code: 'bad-adapter' });
    expect((await run(store)).outcome.ended).toBe('completed');
  });
});

describe('a finished run that is overwritten', () => {
  it('never leaves its old adapter under the new record, whenever the process dies', async () => {
    const old = makeMemoryStore();
    await run(old, {}, { ...CONFIG, steps: 3 });
    const oldWeights = await old.read(WEIGHTS);
    const seen = new Set<string>();
    for (let operations = 1; ; operations += 1) {
      const store = makeMemoryStore();
      for (const path of Object.keys(await contentOf(old))) await store.write(path, await old.read(path));
      store.faults.operationsLeft = operations;
      const death = await run(store, { overwrite: true }).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      store.faults.operationsLeft = Infinity;
      const record = (await readRunRecord(store, 'run')) as RunRecord;
      const weights = (await store.exists(WEIGHTS)) ? await store.read(WEIGHTS) : undefined;
      const isOld = weights !== undefined && bytesToHex(weights) === bytesToHex(oldWeights);
      if (isOld) expect(record.settings['steps'], `after ${operations} operations`).toBe(3);
      seen.add(
        `${record.settings['steps'] as number} ${record.status} ${weights === undefined ? 'none' : isOld ? 'old' : 'new'}`,
      );
      if (death === undefined) break;
      expect((await run(store, { overwrite: true })).outcome.ended).toBe('completed');
    }
    expect([...seen].sort()).toEqual([
      '3 completed none',
      '3 completed old',
      '6 completed new',
      '6 running new',
      '6 running none',
    ]);
  });
});

describe('the list of runs', () => {
  it('names a run whose record is damaged beside the others, so that it can be deleted', async () => {
    for (const text of ['{}', 'null', '[]', '7', '"x"', '{"status":"completed"}', '{"resolved":', '']) {
      const store = makeMemoryStore();
      await run(store);
      await store.write('broken/run.json', text);
      const [broken, whole] = await listRuns(store);
      expect(broken).toMatchObject({
        out: 'broken',
        finished: false,
        damaged: expect.stringMatching(/^broken\/run.json: got /) as string,
      });
      expect(whole).toMatchObject({ out: 'run', finished: true, step: 6 });
    }
  });
});

describe('a run of a billion updates', () => {
  it('starts at once and can be stopped', async () => {
    const store = makeMemoryStore();
    const control = new RunControl();
    const { outcome } = await run(
      store,
      { control, emit: (event) => event.kind === 'step' && event.step === 3 && control.stop() },
      { steps: 1e9 },
    );
    expect(outcome.ended).toBe('stopped');
    expect(outcome.steps).toBeLessThan(10);
  });
});
