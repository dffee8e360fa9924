import { describe, expect, it } from 'vitest';
import { toyByteLevelFiles } from '../../models/tokenizer/toy-tokenizer.ts';
import { loadTokenizer } from '../../models/tokenizer/tokenizer.ts';
import type { MicroBatch } from '../data/batch.ts';
import { prepareExamples } from '../data/prepare.ts';
import type { ExampleRow } from '../data/rows.ts';
import { ToyRuntime } from '../generate/toy-runtime.ts';
import { evaluate, meanLoss } from './evaluate.ts';
import type { EvaluateProgress } from './evaluate.ts';

const tokenizer = loadTokenizer(toyByteLevelFiles());
const VOCAB = tokenizer.vocabSize;
const CONTEXT = 200;

const chat = (line: number, question: string, answer: string): ExampleRow => ({
  kind: 'messages',
  line,
  messages: [
    { role: 'user', content: question },
    { role: 'assistant', content: answer },
  ],
});
const rows: ExampleRow[] = [
  chat(1, 'one?', 'yes'),
  chat(2, 'two?', '{"a": 1, "b": [2]}'),
  { kind: 'text', line: 3, text: 'hello world' },
  chat(5, 'three?', 'no'),
];
const { examples } = prepareExamples(rows, tokenizer, {
  file: 'held.jsonl',
  seqLen: CONTEXT,
  contextLength: CONTEXT,
  vocabSize: VOCAB,
  lossOn: 'completion',
});
const SAID = new Map([
  ['one?', ' yes '],
  ['two?', '{"b":[2],"a":1}'],
  ['three?', 'no!'],
]);

/** A runtime that answers each question as scripted. */
function runtimeOf(): ToyRuntime {
  const scripts = examples.flatMap(({ promptIds, promptText = '' }) =>
    promptIds === undefined
      ? []
      : [
          {
            prompt: [...promptIds],
            said: [...tokenizer.encode(SAID.get(promptText) ?? '', { addSpecialTokens: false }), tokenizer.eosId ?? 0],
          },
        ],
  );
  const logitsAfter = (past: readonly number[]): Float32Array => {
    const script = scripts.find(({ prompt }) => prompt.every((id, i) => past[i] === id));
    const logits = new Float32Array(VOCAB);
    logits[script?.said[past.length - script.prompt.length] ?? 0] = 1;
    return logits;
  };
  return new ToyRuntime({ vocabSize: VOCAB, context: CONTEXT, slots: 2, maxRows: 32, logitsAfter });
}

/** A loss that tells tokens and positions apart, so that a row scored at the wrong position is noticed. */
const lossOf = (token: number, label: number, position: number): number =>
  0.5 + token / 300 + label / 700 + position / 40;
const nllOf = (batch: MicroBatch): Promise<Float32Array> =>
  Promise.resolve(
    Float32Array.from(batch.lossRows, (row, i) =>
      lossOf(batch.tokens[row] ?? 0, batch.lossLabels[i] ?? 0, batch.positions[row] ?? 0),
    ),
  );

function expectedLoss(): { loss: number; tokens: number } {
  let sum = 0;
  let tokens = 0;
  for (const { ids, labels } of examples) {
    for (let t = 0; t + 1 < ids.length; t++) {
      const label = labels[t + 1] ?? -100;
      if (label === -100) continue;
      sum += lossOf(ids[t] ?? 0, label, t);
      tokens += 1;
    }
  }
  return { loss: sum / tokens, tokens };
}

describe('evaluate', () => {
  it('reports loss, perplexity, exact match and predictions', async () => {
    const report = await evaluate({ nllOf, runtime: runtimeOf(), tokenizer, examples, maxRows: 64 });
    const { loss, tokens } = expectedLoss();
    expect(report.rows).toBe(4);
    expect(report.tokens).toBe(tokens);
    expect(report.loss).toBeCloseTo(loss, 6);
    expect(report.perplexity).toBeCloseTo(Math.exp(loss), 4);
    expect(report.exactMatch).toBe(2 / 3);
    expect(report.predictions).toEqual([
      { row: 1, prompt: 'one?', expected: 'yes', got: ' yes ' },
      { row: 2, prompt: 'two?', expected: '{"a": 1, "b": [2]}', got: '{"b":[2],"a":1}' },
      { row: 5, prompt: 'three?', expected: 'no', got: 'no!' },
    ]);
  });

  it('has the same loss however rows share batches', async () => {
    const longest = Math.max(...examples.map(({ ids }) => ids.length));
    const { loss } = expectedLoss();
    for (const maxRows of [longest, longest + 20, 1000]) {
      const sizes: number[] = [];
      const watched = (batch: MicroBatch): Promise<Float32Array> => {
        sizes.push(batch.rows);
        return nllOf(batch);
      };
      expect((await meanLoss({ nllOf: watched, examples, maxRows })).loss).toBeCloseTo(loss, 6);
      expect(Math.max(...sizes)).toBeLessThanOrEqual(maxRows);
      if (maxRows === 1000) expect(sizes).toHaveLength(1);
    }
  });

  it('has no exact match without an expected answer', async () => {
    const texts = examples.filter(({ promptIds }) => promptIds === undefined);
    const report = await evaluate({ nllOf, runtime: runtimeOf(), tokenizer, examples: texts, maxRows: 64 });
    expect(report).toMatchObject({ rows: 1, exactMatch: null, predictions: [] });
  });

  it('cuts answers at the number of new tokens', async () => {
    const report = await evaluate({ nllOf, runtime: runtimeOf(), tokenizer, examples, maxRows: 64, maxNewTokens: 1 });
    expect(report.predictions.map(({ got }) => got)).toEqual([' yes', '{', 'n']);
  });

  it('tells how far it is', async () => {
    const seen: string[] = [];
    const onProgress = ({ phase, done, total }: EvaluateProgress): void => {
      seen.push(`${phase} ${done}/${total}`);
    };
    await evaluate({ nllOf, runtime: runtimeOf(), tokenizer, examples, maxRows: 1000, onProgress });
    expect(seen).toEqual(['loss 4/4', 'answers 1/3', 'answers 2/3', 'answers 3/3']);
  });

  it('stops when it is aborted', async () => {
    const abort = new AbortController();
    const onProgress = (): void => {
      abort.abort();
    };
    const run = evaluate({
      nllOf,
      runtime: runtimeOf(),
      tokenizer,
      examples,
      maxRows: 50,
      onProgress,
      signal: abort.signal,
    });
    await expect(run).rejects.toMatchObject({ code: 'aborted' });
  });

  it('refuses what cannot be scored', async () => {
    await expect(meanLoss({ nllOf, examples: [], maxRows: 64 })).rejects.toMatchObject({ code: 'bad-data' });
    await expect(meanLoss({ nllOf, examples, maxRows: 8 })).rejects.toMatchObject({ code: 'context' });
    const broken = (batch: MicroBatch): Promise<Float32Array> =>
      Promise.resolve(new Float32Array(batch.lossRows.length).fill(Number.NaN));
    await expect(meanLoss({ nllOf: broken, examples, maxRows: 64 })).rejects.toMatchObject({ code: 'non-finite' });
  });
});

describe('exact match with a template that adds a block of thinking', () => {
  const thinking = loadTokenizer(
    toyByteLevelFiles(
      "{% for m in messages %}{{ '<|turn|>' + m.role }}{% if m.role == 'assistant' and loop.last %}{{ '<think>\\n\\n</think>\\n\\n' }}" +
        "{% endif %}{{ m.content + '<|end|>' }}{% endfor %}{% if add_generation_prompt %}{{ '<|turn|>assistant' }}{% endif %}",
    ),
  );
  const asked = [chat(1, 'door?', '4711'), chat(2, 'who?', 'Mia'), chat(3, 'why?', '<think>hm</think>so')];
  const held = prepareExamples(asked, thinking, {
    file: 'held.jsonl',
    seqLen: CONTEXT,
    contextLength: CONTEXT,
    vocabSize: VOCAB,
    lossOn: 'completion',
  }).examples;
  const answering = (answers: readonly string[]): ToyRuntime => {
    const scripts = held.map(({ promptIds = [] }, i) => ({
      prompt: Array.from(promptIds),
      said: [...thinking.encode(answers[i] ?? '', { addSpecialTokens: false }), thinking.eosId ?? 0],
    }));
    const logitsAfter = (past: readonly number[]): Float32Array => {
      const script = scripts.find(({ prompt }) => prompt.every((id, i) => past[i] === id));
      const logits = new Float32Array(VOCAB);
      logits[script?.said[past.length - script.prompt.length] ?? 0] = 1;
      return logits;
    };
    return new ToyRuntime({ vocabSize: VOCAB, context: CONTEXT, slots: 2, maxRows: 32, logitsAfter });
  };
  const scoreOf = async (...answers: string[]) =>
    evaluate({ nllOf, maxRows: 200, runtime: answering(answers), tokenizer: thinking, examples: held });

  it('compares the answers, not the block', async () => {
    const all = await scoreOf(
      '<think>\n\n</think>\n\n4711',
      '<think>\nsure\n</think>\n\nMia',
      '<think>\n\n</think>\n\nso',
    );
    expect(all.exactMatch).toBe(1);
    expect(all.predictions.map(({ expected, got }) => [expected, got])).toEqual([
      ['4711', '4711'],
      ['Mia', 'Mia'],
      ['so', 'so'],
    ]);
    expect((await scoreOf('4711', 'Mia', 'so')).exactMatch).toBe(1);
    expect((await scoreOf('<think>4711</think>', '<think>\n\n</think>\n\nMia!', 'so')).exactMatch).toBeCloseTo(1 / 3);
  });
});
