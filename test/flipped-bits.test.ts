import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { EngineCalls } from '../src/engine/calls.ts';
import { deviceKey } from '../src/engine/device-key.ts';
import { readCached, writeCached } from '../src/engine/device-cache.ts';
import { makeEngine } from '../src/engine/engine.ts';
import { WebLoraError } from '../src/errors.ts';
import { makeMemoryStore, type MemoryStore } from '../src/storage/memory-store.ts';
import { wordPhrase } from '../src/phrase.ts';
import { readRunRecord } from '../src/train/run-record.ts';
import type { RunRequest } from '../src/train/run-request.ts';
import { RunControl } from '../src/train/run-control.ts';
import { refusal } from './harness/refusal.ts';
import { ScriptedTrainer, scriptedRun } from './harness/scripted-run.ts';

const MODEL = join(import.meta.dirname, 'fixtures', 'toy-llama', 'model');
const CALL = { emit: () => undefined, signal: new AbortController().signal };

/** An engine without a GPU over a store, with the model that its runs are of. */
async function engineOver(store: MemoryStore): Promise<{ readonly engine: EngineCalls; readonly model: string }> {
  const engine = makeEngine({
    openGpu: () => Promise.reject(new WebLoraError('no-webgpu', 'no GPU here')),
    openStore: () => Promise.resolve(store),
    openModels: () => Promise.reject(new Error('no models of a hub here')),
    readEmbedded: () => Promise.reject(new Error('no built-in model here')),
  });
  const files = readdirSync(MODEL).map((name) => ({ name, bytes: new Uint8Array(readFileSync(join(MODEL, name))) }));
  const { id } = await engine.loadModel({ kind: 'files', files }, { base: 'f32', context: 64 }, CALL);
  return { engine, model: id };
}

async function flip(store: MemoryStore, path: string, at: number): Promise<void> {
  const bytes = await store.read(path);
  await store.write(path, bytes.with(at, (bytes[at] ?? 0) ^ 4));
}

/** Where in a stored text something stands. */
const placeOf = async (store: MemoryStore, path: string, text: RegExp): Promise<number> => {
  const found = text.exec(await store.readText(path));
  if (found === null) throw new Error(`${path} has no ${String(text)}`);
  return found.index + found[0].length - 1;
};

// docs/checks.md lists every kind that is stored, with its test. Models of the hub: src/sources/fetch-model.test.ts. The base and the data of a resumed run, and its checkpoints:
// src/train/run-folder.test.ts. What a preference run compares with: src/train/objective-run.test.ts.
describe('one flipped bit in the library of runs', () => {
  it('is found in every file of a finished adapter, and in the hashes that run.json has of them', async () => {
    const store = makeMemoryStore();
    await scriptedRun(new ScriptedTrainer(() => []), { steps: 2 }, { store });
    const { engine, model } = await engineOver(store);
    await engine.openRun(model, 'run');
    for (const [path, at] of [
      ['run/adapter_model.safetensors', (await store.size('run/adapter_model.safetensors')) - 3],
      ['run/adapter_model.safetensors', 40],
      ['run/adapter_config.json', await placeOf(store, 'run/adapter_config.json', /"lora_alpha": *\d/)],
      ['run/run.json', await placeOf(store, 'run/run.json', /"adapter_model.safetensors": "./)],
      ['run/run.json', await placeOf(store, 'run/run.json', /"adapter_config.json": "./)],
    ] as const) {
      await flip(store, path, at);
      expect(await refusal(() => engine.openRun(model, 'run')), path).toMatch(
        path === 'run/run.json'
          ? /^bad-checkpoint: run\/run\.json: got a record with sha256 .*, as its run wrote it/
          : /^bad-adapter: run 'run': adapter_\w+\.\w+: got content with sha256 .* as run\.json has it/,
      );
      await flip(store, path, at);
    }
    await engine.openRun(model, 'run');
    await engine.dispose();
  });

  it('is found in everything that run.json says, and keeps no other run from the list', async () => {
    const store = makeMemoryStore();
    await scriptedRun(new ScriptedTrainer(() => []), { steps: 2 }, { store });
    const { engine, model } = await engineOver(store);
    const whole = await store.read('run/run.json');
    const record = await readRunRecord(store, 'run');
    const text = new TextDecoder().decode(whole);
    for (let at = 0; at < whole.length; at += 1) {
      await store.write('run/run.json', whole.with(at, (whole[at] ?? 0) ^ (1 << ((at * 5) % 8))));
      const said = await refusal(async () => {
        const { recordSha256: _kept, ...got } = JSON.parse(
          JSON.stringify(await readRunRecord(store, 'run')),
        ) as object & {
          readonly recordSha256?: string;
        };
        // All that may be changed is the name of the checksum itself.
        expect(Object.keys(got).filter((key) => !(key in (record ?? {})))).toEqual([
          expect.stringMatching(/256$|^record/),
        ]);
        expect(got).toMatchObject(JSON.parse(JSON.stringify(record)) as object);
        throw new WebLoraError('bad-checkpoint', 'its checksum alone');
      });
      expect(said, text.slice(Math.max(0, at - 20), at + 20)).toMatch(
        /^bad-checkpoint: (run\/run\.json: got |its checksum)/,
      );
    }
    await store.write('run/run.json', text.replace('"seed": 0', '"seed": 1'));
    expect(await refusal(() => engine.openRun(model, 'run'))).toMatch(
      /^bad-checkpoint: run\/run\.json: got a record with sha256 .*, as its run wrote it; take it from a copy/,
    );
    await scriptedRun(new ScriptedTrainer(() => []), { steps: 2 }, { store, out: 'whole' });
    expect((await engine.listRuns()).map(({ out, damaged }) => [out, damaged !== undefined])).toEqual([
      ['run', true],
      ['whole', false],
    ]);
    await store.write('run/run.json', whole);
    await engine.openRun(model, 'run');
    await engine.dispose();
  });

  it('is found in the losses of a run that ended, whose adapter still opens', async () => {
    const store = makeMemoryStore();
    await scriptedRun(new ScriptedTrainer(() => []), { steps: 2 }, { store });
    const { engine, model } = await engineOver(store);
    expect((await engine.readRun('run')).steps).toHaveLength(2);
    const { length } = await store.read('run/metrics.jsonl');
    for (let at = 0; at < length; at += 1) {
      await flip(store, 'run/metrics.jsonl', at);
      expect(await engine.readRun('run'), String(at)).toMatchObject({ steps: [], evals: [], areMetricsChanged: true });
      await flip(store, 'run/metrics.jsonl', at);
    }
    await flip(store, 'run/metrics.jsonl', 9);
    await engine.openRun(model, 'run');
    await engine.dispose();
  });

  it('is found in the losses of a run that was killed, up to its last checkpoint, and when it goes on', async () => {
    const store = makeMemoryStore();
    let killed = false;
    const death = scriptedRun(
      new ScriptedTrainer(() => []),
      { steps: 9, saveEvery: 3 },
      {
        store,
        emit: (event) => {
          // Within the update after the next.
          if (event.kind === 'checkpoint' && event.step === 6) store.faults.operationsLeft = 2;
        },
      },
    ).catch(() => (killed = true));
    await death;
    expect(killed).toBe(true);
    store.faults.operationsLeft = Infinity;
    await store.remove('run/.lock');
    const { engine } = await engineOver(store);
    const whole = await store.read('run/metrics.jsonl');
    const read = await engine.readRun('run');
    expect(read.steps.length).toBeGreaterThan(6);
    const text = new TextDecoder().decode(whole);
    const end = text.split('\n').slice(0, 6).join('\n').length + 1;
    for (let at = 0; at < whole.length; at += 5) {
      await flip(store, 'run/metrics.jsonl', at);
      expect((await engine.readRun('run')).areMetricsChanged, String(at)).toBe(at < end ? true : undefined);
      await flip(store, 'run/metrics.jsonl', at);
    }
    const resume = async (): Promise<readonly string[]> => {
      let warnings: readonly string[] = [];
      const emit: RunRequest['emit'] = (event) => {
        if (event.kind === 'started') warnings = event.warnings.map((warning) => wordPhrase(warning));
      };
      const outcome = await scriptedRun(
        new ScriptedTrainer(() => []),
        { steps: 9, saveEvery: 3 },
        { store, resume: true, emit },
      );
      expect(outcome).toMatchObject({ ended: 'completed', steps: 9 });
      return warnings;
    };
    await flip(store, 'run/metrics.jsonl', 60);
    expect((await resume()).join()).toMatch(
      /^the losses up to update 6 are not those .* moved to run\/metrics\.damaged\.jsonl/,
    );
    const damaged = await store.read('run/metrics.damaged.jsonl');
    expect(damaged).toEqual(whole.with(60, (whole[60] ?? 0) ^ 4));
    expect((await engine.readRun('run')).steps.map(({ step }) => step)).toEqual([7, 8, 9]);
    await engine.dispose();
  });

  it('is found in what was measured of a device, which is measured again', async () => {
    const store = makeMemoryStore();
    const isNumber = (value: unknown): value is number => typeof value === 'number';
    await writeCached(store, 'speeds.json', { first: 20, second: 31 });
    const { length } = await store.read('speeds.json');
    for (let at = 0; at < length; at += 1) {
      await flip(store, 'speeds.json', at);
      const got = await readCached(store, 'speeds.json', isNumber);
      // A flip in the name of the checksum makes the file one of an older version: what it caches is unchanged.
      if (Object.keys(got).length > 0) expect(got, String(at)).toEqual({ first: 20, second: 31 });
      await flip(store, 'speeds.json', at);
    }
    expect(await readCached(store, 'speeds.json', isNumber)).toEqual({ first: 20, second: 31 });
  });

  it('is found in the key that signs what leaves the device', async () => {
    const store = makeMemoryStore();
    await deviceKey(store);
    const name = '.device-key.json';
    const whole = await store.read(name);
    for (let at = 0; at < whole.length; at += 3) {
      await store.write(name, whole.with(at, (whole[at] ?? 0) ^ 1));
      expect(await refusal(() => deviceKey(store)), String(at)).toMatch(/^bad-file: \.device-key\.json/);
    }
    await store.write(name, whole);
    await deviceKey(store);
  });

  it('makes an older checkpoint of an unfinished run be opened, and is told where there is none', async () => {
    const store = makeMemoryStore();
    const control = new RunControl();
    const emit = (event: { readonly kind: string }): void => {
      if (event.kind === 'checkpoint') control.stop();
    };
    await scriptedRun(new ScriptedTrainer(() => []), { steps: 20, saveEvery: 2 }, { store, control, emit });
    const { engine, model } = await engineOver(store);
    await engine.openRun(model, 'run');
    for (const { name } of await store.list('run/checkpoints'))
      await flip(store, `run/checkpoints/${name}/params.safetensors`, 200);
    expect(await refusal(() => engine.openRun(model, 'run'))).toMatch(/^bad-checkpoint: run 'run'/);
    await engine.dispose();
  });
});
