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
  it('are chosen for decoding too, and change no answer', async () => {
    const gpu = await openTestGpu({}, 'workgroup');
    const device = makeMemoryStore();
    const openGpu = (): Promise<Gpu> => Promise.resolve(gpu);
    const answer = async (openStore?: () => Promise<FileStore>): Promise<number[]> => {
      const core = await Core.open({ device: 'webgpu', openGpu, ...(openStore && { openStore }) });
      const model = await core.loadModel(folderOnDisk(join(TOY, 'model'), 'toy-llama'));
      const { tokens } = await model.generate({ input: { text: 'the' }, maxNewTokens: 4, temperature: 0 });
      model.dispose();
      return [...tokens];
    };
    const plain = await answer();
    expect(await answer(() => Promise.resolve(device))).toEqual(plain);
    const decoding = Object.keys(await choicesOf(device)).filter((shape) => shape.startsWith('matmul_nt 1x'));
    expect(decoding.length).toBeGreaterThan(3);
    const [key = ''] = Object.keys(JSON.parse(await device.readText('tilings.json')) as object);
    const turned = Object.fromEntries(decoding.map((shape) => [shape, 'matvec_subgroups']));
    await device.write('tilings.json', JSON.stringify({ [key]: turned }));
    const compile = vi.spyOn(gpu.pipelines, 'get');
    expect(await answer(() => Promise.resolve(device))).toEqual(plain);
    const entries = compile.mock.calls.map(([{ entry }]) => entry);
    expect(entries).toContain('matvec_subgroups');
    expect(entries).not.toContain('matvec');
  });

  it('are measured once, remembered, recorded, and give the same bits each time and after resuming', async () => {
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
      const remembered = JSON.parse(await device.readText('tilings.json')) as Record<string, Record<string, string>>;
      const [key = ''] = Object.keys(remembered);
      expect(remembered[key]).toMatchObject(tilings);
      const turned = Object.fromEntries(
        Object.entries(remembered[key] ?? {}).map(([shape, entry]) => [shape, entry === 'tile' ? 'tile_8' : 'tile']),
      );
      await device.write('tilings.json', JSON.stringify({ [key]: turned }));
      const second = await train(model, {});
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
  });
});
