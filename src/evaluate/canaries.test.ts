import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openTestGpu } from '../../test/harness/gpu.ts';
import { folderOnDisk } from '../../test/harness/toy-llama.ts';
import { checkRows } from '../data/check/check.ts';
import { mend } from '../data/check/mend.ts';
import type { Dataset } from '../data/dataset.ts';
import { readDataRows } from '../data/read-rows.ts';
import { rowJson } from '../data/write-row.ts';
import { Core } from '../engine/core.ts';
import { makeMemoryStore } from '../storage/memory-store.ts';
import { resolveTrainConfig } from '../train/config.ts';
import { RunControl } from '../train/run-control.ts';
import { canaryRows, drawCanaries, exposureOf, findCanaries, MOST_EXPOSURE, neverPlanted } from './canaries.ts';
import { memorisation } from './suites/memorisation.ts';
import { toyExamples, toySubject } from './toy-subject.ts';

const TOY = join(import.meta.dirname, '..', '..', 'test', 'fixtures', 'toy-llama', 'model');
const canaries = drawCanaries(2);
const fillers = Array.from({ length: 11 }, (_, i) => ({
  prompt: `Where is box ${i}?`,
  completion: `on shelf ${i + 3}`,
}));

const asFile = (rows: readonly object[]): Dataset => ({
  name: 'planted.jsonl',
  bytes: new TextEncoder().encode(rows.map((row) => JSON.stringify(row)).join('\n')),
});

describe('canaries', () => {
  it('are drawn anew by each seed, and found with how often they stand in the rows', () => {
    const secrets = new Set(Array.from({ length: 40 }, (_, seed) => drawCanaries(seed)[0]?.secret));
    expect(secrets.size).toBeGreaterThan(30);
    const rows = toyExamples(canaryRows(canaries).map(({ prompt, completion }) => [prompt, completion]));
    expect(rows).toHaveLength(21);
    expect(findCanaries([...rows].reverse())).toEqual(canaries);
    expect(canaries.map(({ secret }) => secret)).not.toContain(neverPlanted(canaries).secret);
  });

  it('have the exposure of their rank: none where all secrets are alike, all bits where theirs is the likeliest', async () => {
    const [canary] = canaries;
    if (canary === undefined) throw new Error('there are three');
    const { subject } = toySubject(() => '');
    expect(await exposureOf(canary, subject)).toBe(0);
    // Letters cost what they are in the alphabet: the rank is that of the sums, computed apart.
    const cost = (label: number): number => (label % 29) / 7;
    const { subject: lettered } = toySubject(() => '', { lossOf: cost });
    const bits = await Promise.all(canaries.map((one) => exposureOf(one, lettered)));
    expect(bits.every((bit) => bit >= 0 && bit <= MOST_EXPOSURE)).toBe(true);
    expect(new Set(bits).size).toBeGreaterThan(1);
  });

  it('rise with how often they were trained on, are chance where they never were, and go with what covers them', async () => {
    const gpu = await openTestGpu();
    const core = await Core.open({ device: 'webgpu', openGpu: () => Promise.resolve(gpu) });
    const model = await core.loadModel(folderOnDisk(TOY, 'toy-llama'), { base: 'f32' });
    // Two and a half rounds: enough for what stands there often, not for what stands there once.
    const config = resolveTrainConfig({ steps: 20, batchSize: 4, accumulate: 1, lr: 6e-3, seqLen: 96, rank: 8 });
    const planted = asFile([...fillers, ...canaryRows(canaries)]);
    const { rows } = await readDataRows(planted.bytes, planted.name, {});
    const { findings } = await checkRows({ rows });
    const covered = asFile(
      mend(
        rows,
        findings.filter(({ kind }) => kind === 'email'),
      ).rows.map(rowJson),
    );
    const report = async (data: Dataset, about: Dataset): Promise<string> => {
      const { adapter } = await model.train({
        ...{ config, data, store: makeMemoryStore(), out: 'run', resume: false, control: new RunControl() },
        emit: () => undefined,
      });
      if (adapter === undefined) throw new Error('the run was not finished before');
      const { suites } = await model.report(asFile([{ prompt: 'Where is box 99?', completion: 'nowhere' }]), {
        ...{ adapter, trainData: about, isFull: false, maxNewTokens: 1 },
        bars: [{ metric: 'memorisation.canaries', atLeast: 0.9 }],
      });
      return suites.find(({ name }) => name === memorisation.name)?.sentence ?? '';
    };
    const bitsOf = (sentence: string): number[] =>
      [...sentence.matchAll(/([\d.]+)(?= bits|\.$)/g)].map(([text]) => Number(text));
    const [once = 0, fourTimes = 0, sixteenTimes = 0, never = 0] = bitsOf(await report(planted, planted));
    expect(fourTimes).toBeGreaterThan(once + 2);
    expect(sixteenTimes).toBeGreaterThanOrEqual(fourTimes);
    expect(sixteenTimes).toBeGreaterThan(MOST_EXPOSURE - 1);
    expect(never).toBeLessThan(fourTimes - 2);
    const [, fourCovered = 8, sixteenCovered = 8] = bitsOf(await report(covered, planted));
    expect((fourCovered + sixteenCovered) / 2).toBeLessThan((fourTimes + sixteenTimes) / 2 - 3);
    model.dispose();
  });
});
