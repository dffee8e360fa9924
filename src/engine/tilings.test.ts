import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { Gpu } from '../gpu/gpu.ts';
import { makeMemoryStore } from '../storage/memory-store.ts';
import type { FileStore } from '../storage/store.ts';
import { resolveTrainConfig, type TrainConfig } from '../train/config.ts';
import { readRunRecord, type RunRecord } from '../train/run-record.ts';
import { RunControl } from '../train/run-control.ts';
import { openTestGpu } from '../../test/harness/gpu.ts';
import { folderOnDisk } from '../../test/harness/toy-llama.ts';
import { Core, type LoadedModel } from './core.ts';

const TOY = join(import.meta.dirname, '..', '..', 'test', 'fixtures', 'toy-llama');
const bytes = readFileSync(join(TOY, 'data.jsonl'));

interface Trained {
  readonly record: RunRecord;
  readonly adapter: Uint8Array;
}

async function train(model: LoadedModel, given: Partial<TrainConfig>, stopAfter?: number): Promise<Trained> {
  const store = makeMemoryStore();
  const config = resolveTrainConfig({ rank: 3, steps: 3, accumulate: 1, seqLen: 48, ...given });
  const once = (resume: boolean): Promise<unknown> => {
    const control = new RunControl();
    return model.train({
      config,
      data: { name: 'data.jsonl', bytes },
      store,
      out: 'run',
      resume,
      emit: (event) => {
        if (!resume && event.kind === 'step' && event.step === stopAfter) control.stop();
      },
      control,
    });
  };
  await once(false);
  if (stopAfter !== undefined) await once(true);
  const record = await readRunRecord(store, 'run');
  if (record === undefined) throw new Error('no record');
  return { record, adapter: await store.read('run/adapter_model.safetensors') };
}

async function choicesOf(store: FileStore): Promise<Record<string, string>> {
  const all = JSON.parse(await store.readText('tilings.json')) as Record<string, Record<string, string>>;
  return Object.values(all)[0] ?? {};
}

describe('tilings of a device', () => {
  it('are chosen for several answers at once, where one adds by rule alone, and change no bit', async () => {
    const gpu = await openTestGpu({}, 'workgroup');
    const device = makeMemoryStore();
    const openGpu = (): Promise<Gpu> => Promise.resolve(gpu);
    const logits = async (slots: number, openStore?: () => Promise<FileStore>): Promise<Float32Array[]> => {
      const core = await Core.open({ device: 'webgpu', openGpu, ...(openStore && { openStore }) });
      const model = await core.loadModel(folderOnDisk(join(TOY, 'model'), 'toy-llama'));
      const runtime = await model.runtime({ slots, context: 32 });
      const rows = Uint32Array.from({ length: slots }, (_, slot) => slot);
      const all = await runtime.logits({ tokens: rows, slots: rows, positions: new Uint32Array(slots) }, [...rows]);
      runtime.dispose();
      model.dispose();
      return all;
    };
    await logits(1, () => Promise.resolve(device));
    expect(await device.exists('tilings.json')).toBe(false);
    const measured = await logits(6, () => Promise.resolve(device));
    const choices = await choicesOf(device);
    expect(Object.keys(choices).filter((shape) => shape.startsWith('matmul_nt 6x')).length).toBeGreaterThan(3);
    const [key = ''] = Object.keys(JSON.parse(await device.readText('tilings.json')) as object);
    const turned = Object.fromEntries(
      Object.entries(choices).map(([shape, entry]) => [shape, entry === 'tile' ? 'tile_8' : 'tile']),
    );
    await device.write('tilings.json', JSON.stringify({ [key]: turned }));
    const compile = vi.spyOn(gpu.pipelines, 'get');
    expect(await logits(6, () => Promise.resolve(device))).toEqual(measured);
    const entries = new Set(compile.mock.calls.map(([{ entry }]) => entry));
    for (const entry of Object.values(turned)) expect(entries).toContain(entry);
  });

  it('are measured once, cached, recorded, and give the same bits each time and after resuming', async () => {
    const gpu = await openTestGpu({}, 'workgroup');
    const device = makeMemoryStore();
    const core = await Core.open({
      device: 'webgpu',
      openGpu: () => Promise.resolve(gpu),
      openStore: () => Promise.resolve(device),
    });
    const model = await core.loadModel(folderOnDisk(join(TOY, 'model'), 'toy-llama'));
    try {
      const untuned = await train(model, { tune: false });
      expect(untuned.record.kernels.tilings).toBeUndefined();
      expect(await device.exists('tilings.json')).toBe(false);
      const first = await train(model, {});
      const tilings = first.record.kernels.tilings ?? {};
      expect(Object.keys(tilings).length).toBeGreaterThan(5);
      // What was measured may differ from run to run: turn every choice around, and see it used and recorded.
      const cached = JSON.parse(await device.readText('tilings.json')) as Record<string, Record<string, string>>;
      const [key = ''] = Object.keys(cached);
      expect(cached[key]).toMatchObject(tilings);
      const turned = Object.fromEntries(
        Object.entries(cached[key] ?? {}).map(([shape, entry]) => [
          shape,
          shape.startsWith('matmul') ? (entry === 'tile' ? 'tile_8' : 'tile') : entry,
        ]),
      );
      await device.write('tilings.json', JSON.stringify({ [key]: turned }));
      const second = await train(model, {});
      // Not one bit of a run depends on what was measured.
      expect(first.adapter).toEqual(untuned.adapter);
      expect(second.adapter).toEqual(untuned.adapter);
      expect(turned).toMatchObject(second.record.kernels.tilings ?? {});
      expect((await train(model, {})).adapter).toEqual(second.adapter);
      const resumed = await train(model, {}, 2);
      expect(resumed.record.kernels).toEqual(second.record.kernels);
      expect(resumed.adapter).toEqual(second.adapter);
      await device.write('tilings.json', 'not JSON');
      expect((await train(model, {})).record.results?.steps).toBe(3);
    } finally {
      model.dispose();
    }
    // Without storage the engine itself knows.
    const forgetful = await Core.open({ device: 'webgpu', openGpu: () => Promise.resolve(gpu) });
    const other = await forgetful.loadModel(folderOnDisk(join(TOY, 'model'), 'toy-llama'));
    const allocate = vi.spyOn(gpu, 'allocate');
    const measurements = (): number => allocate.mock.calls.filter(([what]) => what === 'a measurement').length;
    try {
      await other.prepare(resolveTrainConfig({ rank: 3, steps: 3, accumulate: 1, seqLen: 48 }));
      const once = measurements();
      expect(once).toBeGreaterThan(5);
      await other.prepare(resolveTrainConfig({ rank: 3, steps: 4, accumulate: 1, seqLen: 48 }));
      expect(measurements()).toBe(once);
    } finally {
      allocate.mockRestore();
      other.dispose();
    }
  }, 600_000);
});
