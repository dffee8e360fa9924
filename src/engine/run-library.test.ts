import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ScriptedTrainer, scriptedRun } from '../../test/harness/scripted-run.ts';
import { makeMemoryStore } from '../storage/memory-store.ts';
import { makeNodeStore } from '../storage/node-store.ts';
import { writeLibrary } from './library-file.ts';
import { deleteRun, listRuns } from './run-library.ts';

it('leaves no byte of a deleted adapter in storage, and other runs as they were', async () => {
  const root = mkdtempSync(join(tmpdir(), 'weblora-delete-'));
  const store = makeNodeStore(root);
  const filesBelow = (): string[] =>
    readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) => statSync(join(root, path)).isFile());
  const train = (out: string, nll: number) =>
    scriptedRun(
      new ScriptedTrainer(({ lossRows }) => new Array<number>(lossRows.length).fill(nll)),
      { steps: 2, saveEvery: 1, seed: nll },
      { store, out },
    );
  await train('kept', 1);
  const kept = new Map(filesBelow().map((path) => [path, readFileSync(join(root, path))]));
  await train('gone', 2);
  const weights = readFileSync(join(root, 'gone', 'adapter_model.safetensors'));
  // Any stretch of its weights is told from those of the other run.
  const piece = weights.subarray(weights.length >> 1, (weights.length >> 1) + 256);
  expect([...kept.values()].some((bytes) => bytes.includes(piece))).toBe(false);
  const holding = (): string[] => filesBelow().filter((path) => readFileSync(join(root, path)).includes(piece));
  expect(holding().length).toBeGreaterThan(0);
  await deleteRun(store, 'gone');
  expect(holding()).toEqual([]);
  expect((await listRuns(store)).map(({ out }) => out)).toEqual(['kept']);
  expect(new Map(filesBelow().map((path) => [path, readFileSync(join(root, path))]))).toEqual(kept);
  rmSync(root, { recursive: true });
});

it('says which run lacks a file of its adapter, and saves no version without it', async () => {
  const store = makeMemoryStore();
  for (const out of ['whole', 'cleared', 'gone']) {
    const trainer = new ScriptedTrainer(({ lossRows }) => new Array<number>(lossRows.length).fill(1));
    await scriptedRun(trainer, { steps: 2, saveEvery: 1 }, { store, out });
  }
  // A browser may clear files of a run one by one, and all of them.
  await store.remove('cleared/adapter_model.safetensors');
  await store.remove('gone', { recursive: true });
  const listed = await listRuns(store);
  expect(listed.map(({ out, finished, lacksFiles }) => ({ out, finished, lacksFiles }))).toEqual([
    { out: 'cleared', finished: true, lacksFiles: true },
    { out: 'whole', finished: true, lacksFiles: undefined },
  ]);
  expect(await writeLibrary(store, {})).toMatchObject({ versions: ['whole'], leftOut: ['cleared'] });
});
