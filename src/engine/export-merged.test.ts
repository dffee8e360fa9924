import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openTestGpu } from '../../test/harness/gpu.ts';
import { makeMemoryStore } from '../storage/memory-store.ts';
import type { Call, MergeExportRequest, NamedFile, ProgressEvent } from './calls.ts';
import { makeEngine } from './engine.ts';

const TOY = join(import.meta.dirname, '..', '..', 'test', 'fixtures', 'toy-llama');
const filesOf = (folder: string): NamedFile[] =>
  readdirSync(join(TOY, folder)).map((name) => ({ name, bytes: readFileSync(join(TOY, folder, name)) }));
const EVAL_DATA = { name: 'rows.jsonl', bytes: readFileSync(join(TOY, 'microbatch.jsonl')) };

it('measures rows under the adapter beside its base and in what was written, a GGUF or a zip', async () => {
  const engine = makeEngine({
    openGpu: openTestGpu,
    openStore: () => Promise.resolve(makeMemoryStore()),
    openModels: () => Promise.reject(new Error('no model is fetched')),
    readEmbedded: () => Promise.reject(new Error('the built-in model is not used')),
  });
  const seen = new Set<string>();
  const call: Call<ProgressEvent> = { emit: ({ phase }) => seen.add(phase), signal: new AbortController().signal };
  const { id: model } = await engine.loadModel({ kind: 'files', files: filesOf('model') }, { base: 'f32' }, call);
  const adapter = await engine.loadAdapter(model, filesOf('adapter-random'));
  const { loss } = await engine.evaluate({ model, adapter, data: EVAL_DATA, maxNewTokens: 1 }, call);
  const base = await engine.evaluate({ model, data: EVAL_DATA, maxNewTokens: 1 }, call);
  expect(Math.abs(base.loss - loss)).toBeGreaterThan(0.01);
  const lossesOf = async (request: Omit<MergeExportRequest, 'adapter'>) => {
    const { losses, notMeasured, base: mergedInto } = await engine.exportMerged({ adapter, ...request }, call);
    expect(notMeasured).toBeUndefined();
    expect(mergedInto).toMatchObject({ readFrom: 'files', types: ['F32'] });
    expect(losses?.unmerged).toBe(loss);
    return losses;
  };
  const folder = await lossesOf({ format: 'merged', evalData: EVAL_DATA });
  expect(folder?.merged).toBeCloseTo(loss, 4);
  expect(folder?.isWorse).toBe(false);
  const gguf = await lossesOf({ format: 'merged-gguf', type: 'F32', evalData: EVAL_DATA });
  expect(gguf?.merged).toBeCloseTo(loss, 4);
  expect(seen).toContain('measuring the loss');

  // Rows that cannot be read fail the measurement and not the export.
  const bad = { name: 'rows.jsonl', bytes: new TextEncoder().encode('{"prompt"') };
  const { notMeasured, content } = await engine.exportMerged({ adapter, format: 'merged', evalData: bad }, call);
  expect(notMeasured?.code).toBe('bad-data');
  expect(content?.size).toBeGreaterThan(0);
  await engine.dispose();
});
