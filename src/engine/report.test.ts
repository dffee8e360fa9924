import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openTestGpu } from '../../test/harness/gpu.ts';
import { folderOnDisk } from '../../test/harness/toy-llama.ts';
import { countScored } from '../data/batch.ts';
import { prepareSuite } from '../evaluate/suites/own-suite.ts';
import { parseSuite, type SuiteRow } from '../evaluate/suites/suite-file.ts';
import { Core } from './core.ts';

const TOY = join(import.meta.dirname, '..', '..', 'test', 'fixtures', 'toy-llama');

it('holds the choice for the likeliest whose log-probability by `logits` is the largest', async () => {
  const gpu = await openTestGpu();
  const core = await Core.open({ device: 'webgpu', openGpu: () => Promise.resolve(gpu) });
  const model = await core.loadModel(folderOnDisk(join(TOY, 'model'), 'toy-llama'), { base: 'f32' });
  const rowOf = (prompt: string, answer: number): SuiteRow =>
    parseSuite(JSON.stringify([{ prompt, choices: ['the cat', 'to ring it', 'and of'], answer }]), 'suite.json')
      .rows[0] ?? expect.fail();
  const logProb = async (ids: readonly number[], labels: readonly number[]): Promise<number> => {
    const logits = await model.logits(ids);
    return labels.reduce((sum, label, t) => {
      const row = logits[t - 1];
      if (label === -100 || row === undefined) return sum;
      const most = Math.max(...row);
      return sum + (row[label] ?? NaN) - most - Math.log(row.reduce((all, logit) => all + Math.exp(logit - most), 0));
    }, 0);
  };
  const prompts = ['the', 'ring the cat', '12 of them', 'and to', 'cat', 'to it'];
  const right: SuiteRow[] = [];
  const places = new Set<number>();
  for (const prompt of prompts) {
    const [prepared] = prepareSuite([rowOf(prompt, 0)], {
      tokenizer: model.opened.tokenizer(),
      context: model.context,
      vocabSize: model.opened.model.shape.vocabSize,
    });
    const sums: number[] = [];
    for (const example of prepared?.choiceExamples ?? []) {
      expect(countScored(example)).toBeGreaterThan(1);
      sums.push(await logProb([...example.ids], [...example.labels]));
    }
    const best = sums.indexOf(Math.max(...sums));
    places.add(best);
    right.push(rowOf(prompt, best));
  }
  // Choices of different lengths: were the shortest always likeliest, nothing would be tested.
  expect(places.size).toBeGreaterThan(1);
  const data = { name: 'data.jsonl', bytes: readFileSync(join(TOY, 'data.jsonl')) };
  const report = async (rows: readonly SuiteRow[]): Promise<number | undefined> => {
    const { suites } = await model.report(data, { suite: { rows, rules: [] }, isFull: false, maxNewTokens: 1 });
    return suites[0]?.scores['suite.choice']?.value;
  };
  expect(await report(right)).toBe(1);
  const wrong = right.map(({ choices, ...row }) => ({
    ...row,
    ...(choices && { choices: { ...choices, right: (choices.right + 1) % 3 } }),
  }));
  expect(await report(wrong)).toBe(0);
  model.dispose();
});
