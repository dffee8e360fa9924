import { describe, expect, it } from 'vitest';
import { toyByteLevelFiles } from '../../models/tokenizer/toy-tokenizer.ts';
import { loadTokenizer } from '../../models/tokenizer/tokenizer.ts';
import { Pcg32 } from '../data/random.ts';
import { generate, streamAnswer } from './generate.ts';
import { drawRef, probabilitiesRef } from './sampling.ref.ts';
import { resolveGenerateSettings } from './settings.ts';
import { ToyRuntime } from './toy-runtime.ts';

const tokenizer = loadTokenizer(toyByteLevelFiles());
const VOCAB = tokenizer.vocabSize;
const EOS = tokenizer.eosId ?? -1;

/** Logits that depend on the whole past and on its order. */
function logitsAfter(past: readonly number[]): Float32Array {
  const random = new Pcg32(past.reduce((hash, token) => (Math.imul(hash, 31) + token + 1) >>> 0, 17));
  return Float32Array.from({ length: VOCAB }, () => 8 * random.nextFloat() ** 4);
}

function runtimeOf(options: Partial<ConstructorParameters<typeof ToyRuntime>[0]> = {}): ToyRuntime {
  return new ToyRuntime({ vocabSize: VOCAB, context: 200, slots: 1, maxRows: 64, logitsAfter, ...options });
}

/** A runtime that says a text after any prompt, then ends its turn. */
function saying(text: string, promptLength: number, options: { context?: number } = {}): ToyRuntime {
  const script = [...tokenizer.encode(text, { addSpecialTokens: false }), EOS];
  return runtimeOf({
    ...options,
    logitsAfter: (past) => {
      const logits = new Float32Array(VOCAB);
      logits[script[past.length - promptLength] ?? EOS] = 1;
      return logits;
    },
  });
}

/** The same answer without slots, caches, candidates or pieces. */
function expectedTokens(prompt: readonly number[], count: number, settings: object, seed: number): number[] {
  const sampling = resolveGenerateSettings(settings);
  const random = new Pcg32(seed);
  const past = [...prompt];
  while (past.length < prompt.length + count) {
    const probabilities = probabilitiesRef(logitsAfter(past), past, sampling);
    past.push(drawRef(probabilities, sampling.temperature === 0 ? 0 : random.nextFloat()));
    if (tokenizer.eosIds.includes(past.at(-1) ?? -1)) break;
  }
  return past.slice(prompt.length);
}

const messages = [{ role: 'user', content: 'hello world' }] as const;
const prompt = tokenizer.encodePrompt(messages);

describe('generate', () => {
  it.each([1, 3, 7, 64])('greedy answers do not depend on the pieces of the prompt: %i rows', async (maxRows) => {
    const runtime = runtimeOf({ maxRows });
    const report = await generate(runtime, tokenizer, { input: { messages }, maxNewTokens: 20 });
    expect(report.tokens).toEqual(expectedTokens(prompt, 20, {}, 0));
    expect(report.promptTokens).toBe(prompt.length);
    expect(report.newTokens).toBe(report.tokens.length);
    const prefill = Math.ceil(prompt.length / maxRows);
    expect(runtime.calls.slice(0, prefill).map(({ wanted }) => wanted)).toEqual([
      ...Array<number>(prefill - 1).fill(0),
      1,
    ]);
    expect(runtime.calls.slice(prefill).every(({ rows, wanted, k }) => rows === 1 && wanted === 1 && k === 1)).toBe(
      true,
    );
    expect(runtime.calls).toHaveLength(prefill + report.tokens.length - 1);
  });

  it.each([
    { temperature: 1 },
    { temperature: 0.7, topP: 0.9, repetitionPenalty: 1.2 },
    { temperature: 1.2, topK: 8 },
    { repetitionPenalty: 1.5 },
    { repetitionPenalty: 0.7 },
  ])('samples as the reference does over all logits: %j', async (settings) => {
    const read = (seed: number) =>
      generate(runtimeOf(), tokenizer, { input: { messages }, maxNewTokens: 16, seed, ...settings });
    for (const seed of [0, 5]) expect((await read(seed)).tokens).toEqual(expectedTokens(prompt, 16, settings, seed));
  });

  it('takes a text verbatim', async () => {
    const report = await generate(runtimeOf(), tokenizer, { input: { text: 'yes' }, maxNewTokens: 5 });
    expect(report.tokens).toEqual(expectedTokens(tokenizer.encode('yes'), 5, {}, 0));
  });

  it('streams the text of the answer, characters whole, without the end of turn', async () => {
    const text = 'héllo wörld 🙂!';
    const pieces: string[] = [];
    const report = await generate(
      saying(text, prompt.length),
      tokenizer,
      { input: { messages } },
      { onText: (piece) => pieces.push(piece) },
    );
    expect(report.text).toBe(text);
    expect(report.finishReason).toBe('eos');
    expect(report.tokens.at(-1)).toBe(EOS);
    expect(pieces.join('')).toBe(text);
    expect(pieces.length).toBeGreaterThan(3);
    expect(pieces.every((piece) => piece !== '' && !piece.includes('\ufffd'))).toBe(true);
    expect(report.prefillTokensPerSec).toBeGreaterThanOrEqual(0);
    expect(Number.isFinite(report.decodeTokensPerSec)).toBe(true);
  });

  it('ends before a stop text and shows no part of it', async () => {
    const pieces: string[] = [];
    const report = await generate(
      saying('yes#\nUs and\nUser: more', prompt.length),
      tokenizer,
      { input: { messages }, stop: ['\nUser:', 'never'] },
      { onText: (piece) => pieces.push(piece) },
    );
    expect(report.finishReason).toBe('stop');
    expect(report.text).toBe('yes#\nUs and');
    expect(pieces.join('')).toBe(report.text);
  });

  it('gives out what was held back when the stop text never comes', async () => {
    const report = await generate(saying('yes\nUse', prompt.length), tokenizer, {
      input: { messages },
      stop: ['\nUser:'],
    });
    expect(report).toMatchObject({ text: 'yes\nUse', finishReason: 'eos' });
  });

  it('stops at the number of new tokens', async () => {
    const report = await generate(saying('hello world', prompt.length), tokenizer, {
      input: { messages },
      maxNewTokens: 1,
    });
    expect(report).toMatchObject({ text: 'hello', finishReason: 'length', newTokens: 1, decodeTokensPerSec: 0 });
  });

  it('fills the context and no more', async () => {
    const report = await generate(
      saying('yes yes yes yes yes', prompt.length, { context: prompt.length + 3 }),
      tokenizer,
      { input: { messages } },
    );
    expect(report).toMatchObject({ text: 'yes yes yes', finishReason: 'context', newTokens: 3 });
  });

  it('refuses a prompt that leaves no room for an answer', async () => {
    for (const context of [prompt.length, prompt.length - 5]) {
      const answer = generate(runtimeOf({ context }), tokenizer, { input: { messages } });
      await expect(answer).rejects.toMatchObject({
        code: 'context',
        message: `generate: the prompt: got ${prompt.length} tokens, wanted at most ${context - 1}, so that an answer fits in the context of ${context}; shorten it, or load the model with a larger context if it has one`,
      });
    }
  });

  it('keeps the text so far when it is aborted', async () => {
    const abort = new AbortController();
    const report = await generate(
      saying('hello world yes yes', prompt.length),
      tokenizer,
      { input: { messages } },
      { signal: abort.signal, onText: (piece) => piece.includes('world') && abort.abort() },
    );
    expect(report).toMatchObject({ text: 'hello world', finishReason: 'aborted', newTokens: 2 });
    const never = await generate(runtimeOf(), tokenizer, { input: { messages } }, { signal: AbortSignal.abort() });
    expect(never).toMatchObject({ text: '', tokens: [], finishReason: 'aborted', promptTokens: prompt.length });
  });

  it('can be left in the middle', async () => {
    const runtime = saying('hello world yes', prompt.length);
    for await (const piece of streamAnswer(runtime, tokenizer, { input: { messages } })) {
      expect(piece).toBe('hello');
      break;
    }
    expect(runtime.calls).toHaveLength(1);
  });

  it.each([
    [{ maxNewTokens: 0 }, /^maxNewTokens: got 0/],
    [{ stop: ['a', ''] }, /^stop: got \["a",""\]/],
    [{ seed: 0.5 }, /^seed: got 0.5/],
    [{ topP: 2 }, /^topP: got 2/],
  ])('refuses %j', async (settings, message) => {
    await expect(generate(runtimeOf(), tokenizer, { input: { messages }, ...settings })).rejects.toThrow(message);
  });

  it('refuses a prompt without tokens or from another vocabulary', async () => {
    const bare = { ...tokenizer, encode: () => [] };
    await expect(generate(runtimeOf(), bare, { input: { text: '' } })).rejects.toThrow(/the prompt: got no tokens/);
    const small = runtimeOf({ vocabSize: 100, logitsAfter: () => new Float32Array(100) });
    await expect(generate(small, tokenizer, { input: { messages } })).rejects.toMatchObject({ code: 'bad-tokenizer' });
  });
});

describe('an answer with thinking before it', () => {
  const thinking = loadTokenizer(
    toyByteLevelFiles(
      "{% for m in messages %}{{ '<|turn|>' + m.role + '\\n' }}{% if m.role == 'assistant' and loop.last %}{{ '<think>\\n\\n</think>\\n\\n' }}" +
        "{% endif %}{{ m.content + '<|end|>' }}{% endfor %}{% if add_generation_prompt %}{{ '<|turn|>assistant\\n' }}{% endif %}",
    ),
  );
  const { length } = thinking.encodePrompt(messages);

  it.each([
    ['<think>\nWhy not?\n</think>\n\nyes </think>', { text: 'yes </think>', thinking: 'Why not?' }, 'Why not?\n'],
    ['<think>\n\n</think>\n\nyes', { text: 'yes', thinking: '' }, ''],
    ['yes <think>', { text: 'yes <think>' }, ''],
    ['<think>\nnever', { text: '', thinking: 'never' }, 'never'],
  ])('is told apart from it: %j', async (said, wanted, told) => {
    let pieces = '';
    let thought = '';
    const report = await generate(
      saying(said, length),
      thinking,
      { input: { messages } },
      { onText: (text) => (pieces += text), onThinking: (text) => (thought += text) },
    );
    expect({ text: report.text, ...('thinking' in report && { thinking: report.thinking }) }).toEqual(wanted);
    expect(pieces).toBe(report.text);
    expect(thought).toBe(told);
    expect(report.finishReason).toBe('eos');
  });

  it('stays in a text that is continued without a template', async () => {
    const runtime = saying('<think>a</think>b', thinking.encode('hello').length);
    const report = await generate(runtime, thinking, { input: { text: 'hello' } });
    expect([report.text, report.thinking]).toEqual(['<think>a</think>b', undefined]);
  });
});
