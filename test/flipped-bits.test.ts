import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { EngineCalls } from '../src/engine/calls.ts';
import { makeEngine } from '../src/engine/engine.ts';
import { WebLoraError } from '../src/errors.ts';
import { makeMemoryStore, type MemoryStore } from '../src/storage/memory-store.ts';
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

// Models of the hub: src/sources/fetch-model.test.ts. The base and the data of a resumed run, and its checkpoints:
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
        /^bad-adapter: run 'run': adapter_\w+\.\w+: got content with sha256 .* as run\.json has it/,
      );
      await flip(store, path, at);
    }
    await engine.openRun(model, 'run');
    await engine.dispose();
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
