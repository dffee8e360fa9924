import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { scriptedRun, ScriptedTrainer } from '../../../test/harness/scripted-run.ts';
import { makeMemoryStore } from '../../storage/memory-store.ts';
import type { RunRecord } from '../../train/run-record.ts';
import { Flags } from '../flags.ts';
import { Output } from '../output.ts';
import { combine } from './combine.ts';

const ADAPTER = join(import.meta.dirname, '..', '..', '..', 'test', 'fixtures', 'toy-llama', 'adapter');
const folder = mkdtempSync(join(tmpdir(), 'weblora-combine-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('refuses adapters that were trained on bases with other weights', async () => {
  const store = makeMemoryStore();
  await scriptedRun(new ScriptedTrainer(({ lossRows }) => lossRows), { steps: 1 }, { store });
  const { results: _, ...record } = JSON.parse(await store.readText('run/run.json')) as RunRecord;
  const paths = ['a', 'b'].map((name) => {
    cpSync(ADAPTER, join(folder, name), { recursive: true });
    const base = { ...record.base, sha256: name.repeat(64) };
    writeFileSync(
      join(folder, name, 'run.json'),
      JSON.stringify({ ...record, status: 'stopped', base, recordSha256: undefined }),
    );
    return join(folder, name);
  });
  const flags = new Flags(
    new Map([
      ['adapters', paths.join(',')],
      ['out', join(folder, 'both')],
    ]),
  );
  await expect(combine(flags, new Output({ json: false, quiet: true }))).rejects.toThrow(
    `combine: ${paths[1]}: got an adapter trained on a base with sha256 bbbbbbbbbbbb…, wanted aaaaaaaaaaaa…, the base of ${paths[0]}; combine adapters of one base model`,
  );
});
