import { describe, expect, it } from 'vitest';
import { Pcg32 } from '../data/random.ts';
import { answerAll } from './batch.ts';
import { ToyRuntime } from './toy-runtime.ts';

const VOCAB = 40;
const EOS = 7;

/** Logits that depend on the whole past; about one token in eight ends the answer. */
function logitsAfter(past: readonly number[]): Float32Array {
  const random = new Pcg32(past.reduce((hash, token) => (Math.imul(hash, 33) + token + 1) >>> 0, 5));
  const logits = Float32Array.from({ length: VOCAB }, () => random.nextFloat());
  if (random.nextBelow(8) === 0) logits[EOS] = 2;
  return logits;
}

function expectedAnswer(prompt: readonly number[], maxNewTokens: number, context: number): number[] {
  const past = [...prompt];
  while (past.length < Math.min(prompt.length + maxNewTokens, context)) {
    const logits = logitsAfter(past);
    const best = logits.indexOf(Math.max(...logits));
    if (best === EOS) break;
    past.push(best);
  }
  return past.slice(prompt.length);
}

const random = new Pcg32(11);
const prompts = Array.from({ length: 23 }, (_, i) =>
  Array.from({ length: 1 + ((i * 7) % 19) }, () => random.nextBelow(VOCAB)),
);

describe('answerAll', () => {
  it.each([
    { slots: 1, maxRows: 64 },
    { slots: 1, maxRows: 1 },
    { slots: 4, maxRows: 5 },
    { slots: 8, maxRows: 16 },
    { slots: 64, maxRows: 512 },
  ])('gives the answers of decoding one by one: %j', async ({ slots, maxRows }) => {
    const context = 30;
    const runtime = new ToyRuntime({
      vocabSize: VOCAB,
      context,
      slots,
      maxRows: Math.max(slots, maxRows),
      logitsAfter,
    });
    const progress: number[] = [];
    const answers = await answerAll(runtime, prompts, {
      maxNewTokens: 14,
      eosIds: [EOS],
      onAnswer: (done, total) => {
        expect(total).toBe(prompts.length);
        progress.push(done);
      },
    });
    expect(answers).toEqual(prompts.map((prompt) => expectedAnswer(prompt, 14, context)));
    expect(progress).toEqual(prompts.map((_, i) => i + 1));
    const lengths = new Set(answers.map(({ length }) => length));
    expect(lengths.size).toBeGreaterThan(4);
  });

  it('keeps slots busy: far fewer calls than one by one', async () => {
    const callsWith = async (slots: number): Promise<number> => {
      const runtime = new ToyRuntime({ vocabSize: VOCAB, context: 64, slots, maxRows: 128, logitsAfter });
      await answerAll(runtime, prompts, { maxNewTokens: 14, eosIds: [EOS] });
      return runtime.calls.length;
    };
    expect(await callsWith(8)).toBeLessThan((await callsWith(1)) / 3);
  });

  it('has nothing to do without prompts', async () => {
    const runtime = new ToyRuntime({ vocabSize: VOCAB, context: 64, slots: 2, maxRows: 8, logitsAfter });
    expect(await answerAll(runtime, [], { maxNewTokens: 4, eosIds: [] })).toEqual([]);
    expect(runtime.calls).toHaveLength(0);
  });

  it('names the prompt that is too long', async () => {
    const runtime = new ToyRuntime({ vocabSize: VOCAB, context: 4, slots: 2, maxRows: 8, logitsAfter });
    const answers = answerAll(runtime, [[1], [1, 2, 3, 4]], { maxNewTokens: 4, eosIds: [] });
    await expect(answers).rejects.toThrow(/^prompt 2: got 4 tokens, wanted at most 3/);
  });

  it('stops when it is aborted', async () => {
    const abort = new AbortController();
    const runtime = new ToyRuntime({ vocabSize: VOCAB, context: 64, slots: 2, maxRows: 64, logitsAfter });
    const onAnswer = (done: number): void => {
      if (done === 3) abort.abort();
    };
    const answers = answerAll(runtime, prompts, { maxNewTokens: 8, eosIds: [EOS], onAnswer, signal: abort.signal });
    await expect(answers).rejects.toMatchObject({ code: 'aborted' });
  });

  it('refuses a row without a finite logit', async () => {
    const runtime = new ToyRuntime({ vocabSize: VOCAB, context: 64, slots: 1, maxRows: 64, logitsAfter });
    runtime.topK = () =>
      Promise.resolve([{ values: Float32Array.of(0), indices: Uint32Array.of(0xffffffff), lse: Number.NaN }]);
    await expect(answerAll(runtime, [[1]], { maxNewTokens: 2, eosIds: [] })).rejects.toMatchObject({
      code: 'non-finite',
    });
  });
});
