import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { describe, expect, it } from 'vitest';
import { ScriptedTrainer, scriptedRun, TOY_DATA } from '../../test/harness/scripted-run.ts';
import { openToy, toyAdapter, toyRows } from '../../test/harness/toy-llama.ts';
import { countScored } from '../data/batch.ts';
import { writePeft } from '../adapters/formats/peft.ts';
import { makeMemoryStore } from '../storage/memory-store.ts';
import type { TrainConfig } from './config.ts';
import { VERSION } from '../version.ts';
import { readMetrics } from './metrics-file.ts';
import { readRunRecord } from './run-record.ts';
import type { TrainedRun } from './run-events.ts';

/** A run with as many updates as evaluations. */
async function run(
  trainer: ScriptedTrainer,
  config: Partial<TrainConfig>,
): Promise<{ outcome: TrainedRun; metrics: Awaited<ReturnType<typeof readMetrics>> }> {
  const store = makeMemoryStore();
  const outcome = await scriptedRun(trainer, { evalSplit: 0.5, evalEvery: 1, saveEvery: 100, ...config }, { store });
  return { outcome, metrics: await readMetrics(store, 'run') };
}

describe('a run that stops early', () => {
  /** `losses[i]` is found after update i + 1. */
  const trainerFinding = (losses: readonly number[]): ScriptedTrainer =>
    new ScriptedTrainer(({ lossRows }, updates) => new Array<number>(lossRows.length).fill(losses[updates - 1] ?? 9));

  it('never takes NaN for the best, and exports the weights of the best evaluation', async () => {
    const { outcome, metrics } = await run(trainerFinding([Number.NaN, 2, 3, 3, 1]), {
      steps: 8,
      earlyStoppingPatience: 2,
    });
    expect(outcome).toMatchObject({ ended: 'early-stopped', steps: 4, evalLoss: 2 });
    expect(metrics.evals.map(({ evalLoss }) => evalLoss)).toEqual([Number.NaN, 2, 3, 3]);
    // B starts at 0 and every update adds 1: the weights after update 2.
    for (const { b } of outcome.adapter?.modules.values() ?? []) expect(new Set(b)).toEqual(new Set([2]));
    expect(outcome.adapter?.modules.size).toBeGreaterThan(0);
  });

  it('exports what there is when no evaluation was finite', async () => {
    const { outcome } = await run(trainerFinding([Number.NaN, Number.NaN]), { steps: 8, earlyStoppingPatience: 2 });
    expect(outcome).toMatchObject({ ended: 'early-stopped', steps: 2, evalLoss: Number.NaN });
    for (const { b } of outcome.adapter?.modules.values() ?? []) expect(new Set(b)).toEqual(new Set([2]));
  });
});

describe('an evaluation during a run', () => {
  it('is the mean over all scored tokens, with as many rows in a pass as fit the plan', async () => {
    // Each token's loss is its own label, so that a wrong weighting or a missing row shows.
    const trainer = new ScriptedTrainer(({ lossLabels }) => lossLabels);
    const { metrics } = await run(trainer, { steps: 1 });
    const passes = trainer.evaluated;
    const rows = passes.reduce((sum, { positions }) => sum + positions.filter((position) => position === 0).length, 0);
    expect(rows).toBe(6);
    expect(passes.length).toBeLessThan(6);
    for (const batch of passes) expect(batch.rows).toBeLessThanOrEqual(64);
    const labels = passes.flatMap(({ lossLabels }) => [...lossLabels]);
    const mean = labels.reduce((sum, label) => sum + label, 0) / labels.length;
    expect(metrics.evals).toEqual([{ step: 1, evalLoss: mean }]);
    const scored = toyRows('toy-llama', 'data.jsonl').map(countScored);
    expect(labels.length).toBeLessThan(scored.reduce((sum, count) => sum + count, 0));
  });
});

describe('the record and the card of a run', () => {
  it('tell where base, data and adapter come from', async () => {
    const toy = await openToy('toy-llama');
    const opened = { ...toy, name: 'hf:org/toy', origin: { ...toy.origin, revision: 'c0ffee', licence: 'mit' } };
    const initAdapter = toyAdapter('toy-llama', 'adapter-random');
    const store = makeMemoryStore();
    const config = { steps: 1, dataSource: 'our desk', dataLicense: 'private', license: 'apache-2.0' };
    await scriptedRun(new ScriptedTrainer(({ lossRows }) => lossRows), config, { store, opened, initAdapter });
    const record = await readRunRecord(store, 'run');
    expect(record).toMatchObject({
      webLoraVersion: VERSION,
      base: { name: 'hf:org/toy', revision: 'c0ffee', licence: 'mit', sha256: toy.baseHash },
      data: { sha256: bytesToHex(sha256(TOY_DATA.bytes)) },
      device: {},
      settings: { seed: 0, 'data-source': 'our desk', 'data-license': 'private', license: 'apache-2.0' },
    });
    const weights = writePeft(initAdapter, { modelCard: '' }).get('adapter_model.safetensors') ?? new Uint8Array();
    expect(record?.parents).toEqual([bytesToHex(sha256(weights))]);
    const card = await store.readText('run/README.md');
    expect(card).toContain('license: apache-2.0\n');
    expect(card).toContain('The base is `org/toy` at revision `c0ffee`');
    expect(card).toContain('licence: mit.');
    expect(card).toContain('Where it comes from: our desk. Its licence: private.');
    expect(card).not.toContain('| data-source |');
    expect(JSON.parse(await store.readText('run/adapter_config.json'))).toMatchObject({ revision: 'c0ffee' });
  });
});
