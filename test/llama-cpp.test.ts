import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { baseNamesOf } from '../models/checkpoint/gguf/base-names.ts';
import type { LoraAdapter } from '../src/adapters/adapter.ts';
import { adapterFormat, writeAdapter } from '../src/adapters/formats/index.ts';
import { GOLDEN_PROMPTS } from '../src/adapters/golden.ts';
import { Core, type LoadedModel } from '../src/engine/core.ts';
import type { WrittenGgufType } from '../src/formats/gguf-encode.ts';
import { exportMerged } from '../src/engine/export-merged.ts';
import { mergedGguf } from '../src/merge/merged-gguf.ts';
import { storeSink } from '../src/merge/sink.ts';
import { makeMemoryStore } from '../src/storage/memory-store.ts';
import { resolveTrainConfig } from '../src/train/config.ts';
import { RunControl } from '../src/train/run-control.ts';
import { testGpu } from './harness/gpu.ts';
import { withLlamaCpp, type LlamaCppAnswer, type LlamaCppJob } from './harness/llama-cpp.ts';
import { folderOnDisk } from './harness/toy-llama.ts';

const EMBEDDED = join(import.meta.dirname, '..', 'models', 'embedded');
const SYSTEM = 'Answer as the shop does.';
const ANSWER_TOKENS = 16;
/** A rate at which four updates change the answers. */
const TRAINING = { steps: 4, accumulate: 1, rank: 4, alpha: 8, seqLen: 128, lr: 0.02, packing: false };
const ROWS = 'examples/style/train.jsonl';

let model: LoadedModel;
let adapter: LoraAdapter;
/** What the engine answers, adapter over base, not merged. */
let ours: readonly LlamaCppAnswer[];
let baseAnswers: readonly LlamaCppAnswer[];

beforeAll(async () => {
  const core = await Core.open({ openGpu: testGpu });
  model = await core.loadModel(folderOnDisk(join(EMBEDDED, 'model'), 'embedded'), { base: 'f16', context: 256 });
  const run = await model.train({
    config: resolveTrainConfig(TRAINING),
    data: { name: 'train.jsonl', bytes: new Uint8Array(readFileSync(join(EMBEDDED, ROWS))) },
    store: makeMemoryStore(),
    out: 'run',
    extraSettings: {},
    emit: () => undefined,
    control: new RunControl(),
  });
  if (run.adapter === undefined) throw new Error('no adapter');
  ({ adapter } = run);
  ours = await answersOf(adapter);
  baseAnswers = await answersOf();
}, 600_000);

afterAll(() => model.dispose());

async function answersOf(tuned?: LoraAdapter): Promise<LlamaCppAnswer[]> {
  const answers: LlamaCppAnswer[] = [];
  for (const content of GOLDEN_PROMPTS) {
    const messages = [
      { role: 'system', content: SYSTEM },
      { role: 'user', content },
    ];
    const settings = { input: { messages }, maxNewTokens: ANSWER_TOKENS, temperature: 0 };
    const { text, promptTokens } = await model.generate(settings, { ...(tuned && { adapter: tuned }) });
    answers.push({ text, promptTokens });
  }
  return answers;
}

async function mergedFile(type: WrittenGgufType, merged: LoraAdapter): Promise<Uint8Array> {
  const store = makeMemoryStore();
  const request = { opened: model.opened, adapter: merged, type, modelCard: '' };
  await exportMerged(mergedGguf, request, storeSink(store, ''), 'model.gguf');
  return store.read('model.gguf');
}

const job = (given: Pick<LlamaCppJob, 'model' | 'lora'>): LlamaCppJob => ({
  ...given,
  questions: GOLDEN_PROMPTS,
  system: SYSTEM,
  maxNewTokens: ANSWER_TOKENS,
});

describe('llama.cpp', () => {
  it('answers as the tab does: with the merged model, and with the base and its GGUF LoRA', async () => {
    expect(ours.map(({ text }) => text)).not.toEqual(baseAnswers.map(({ text }) => text));
    const none = { ...adapter, modules: new Map() };
    const options = { modelCard: '', base: baseNamesOf(model.opened.model) };
    const [lora = new Uint8Array()] = writeAdapter(adapterFormat('gguf'), adapter, options).values();
    const files = {
      'f32.gguf': await mergedFile('F32', adapter),
      'f16.gguf': await mergedFile('F16', adapter),
      'base.gguf': await mergedFile('F16', none),
      'lora.gguf': lora,
    };
    await withLlamaCpp(files, async (answer) => {
      expect(await answer(job({ model: 'f32.gguf' })), 'merged, F32').toEqual(ours);
      expect(await answer(job({ model: 'f16.gguf' })), 'merged, F16').toEqual(ours);
      expect(await answer(job({ model: 'base.gguf' })), 'base').toEqual(baseAnswers);
      expect(await answer(job({ model: 'base.gguf', lora: 'lora.gguf' })), 'base and LoRA').toEqual(ours);
    });
  }, 600_000);
});
