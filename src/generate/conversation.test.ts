import { describe, expect, it } from 'vitest';
import { toyByteLevelFiles } from '../../models/tokenizer/toy-tokenizer.ts';
import { loadTokenizer } from '../../models/tokenizer/tokenizer.ts';
import type { ChatMessage } from '../../models/tokenizer/chat-tokenizer.ts';
import type { LoraAdapter } from '../adapters/adapter.ts';
import { Pcg32 } from '../data/random.ts';
import { ChatSession } from './chat.ts';
import { Conversation } from './conversation.ts';
import { generate, type GenerateReport, type GenerateSettings } from './generate.ts';
import type { AdapterSelection } from './runtime.ts';
import { ToyRuntime } from './toy-runtime.ts';

const tokenizer = loadTokenizer(toyByteLevelFiles());
const VOCAB = tokenizer.vocabSize;

/** A different model for each adapter selection: logits depend on the whole past, on its order and on the selection. */
function runtimeOf(context = 400): ToyRuntime {
  return new ToyRuntime({
    vocabSize: VOCAB,
    context,
    slots: 1,
    maxRows: 16,
    logitsAfter: (past, { adapter, strength }) => {
      const selection = adapter === undefined ? 17 : Math.round(adapter.alpha * 100 + strength * 10);
      const random = new Pcg32(past.reduce((hash, token) => (Math.imul(hash, 31) + token + 1) >>> 0, selection));
      return Float32Array.from({ length: VOCAB }, () => 8 * random.nextFloat() ** 4);
    },
  });
}

function adapterOf(alpha: number): LoraAdapter {
  const facts = { rank: 2, method: 'lora', dropout: 0, targetModules: [], baseModel: '', scale: alpha / 2 } as const;
  return { ...facts, alpha, modules: new Map() };
}

async function drain(pieces: AsyncGenerator<string, GenerateReport, undefined>): Promise<GenerateReport> {
  for (;;) {
    const piece = await pieces.next();
    if (piece.done === true) return piece.value;
  }
}

/** The same answer from a runtime that never saw anything before. */
async function fresh(settings: GenerateSettings, selection: AdapterSelection = {}): Promise<GenerateReport> {
  const runtime = runtimeOf();
  await runtime.use(selection);
  return generate(runtime, tokenizer, settings);
}

const user = (content: string): ChatMessage => ({ role: 'user', content });
const said = (content: string): ChatMessage => ({ role: 'assistant', content });
const maxNewTokens = 7;

const DIALOGUE = [user('hello world'), said('yes'), user('no no'), said('hello'), user('world yes no'), said('no')];

describe('a conversation', () => {
  it('answers as without a past, whatever was said before: every cut at a turn, and every edit', async () => {
    const prompts = [1, 5].flatMap((turns) => [
      DIALOGUE.slice(0, turns),
      [...DIALOGUE.slice(0, turns - 1), user('something else')],
      [{ role: 'system', content: 'be brief' }, ...DIALOGUE.slice(0, turns)],
    ]);
    for (const first of prompts) {
      for (const second of prompts) {
        const conversation = new Conversation(runtimeOf(), () => tokenizer);
        await drain(conversation.answer({ input: { messages: first }, maxNewTokens }));
        const report = await drain(conversation.answer({ input: { messages: second }, maxNewTokens }));
        const expected = await fresh({ input: { messages: second }, maxNewTokens });
        expect(report.tokens).toEqual(expected.tokens);
        expect(report.text).toBe(expected.text);
        expect(report.finishReason).toBe(expected.finishReason);
      }
    }
  });

  it('runs only what the turn adds', async () => {
    const runtime = runtimeOf();
    const conversation = new Conversation(runtime, () => tokenizer);
    const first = await drain(conversation.answer({ input: { messages: [user('hello world')] }, maxNewTokens }));
    expect(first.reusedTokens).toBe(0);
    const rowsBefore = runtime.calls.reduce((sum, { rows }) => sum + rows, 0);
    // The last new token was chosen but not run.
    expect(rowsBefore).toBe(first.promptTokens + first.newTokens - 1);
    const turn = [user('hello world'), said(first.text), user('more')];
    const second = await drain(conversation.answer({ input: { messages: turn }, maxNewTokens }));
    const ran = runtime.calls.reduce((sum, { rows }) => sum + rows, 0) - rowsBefore;
    expect(second.reusedTokens).toBeGreaterThanOrEqual(first.promptTokens);
    expect(ran).toBe(second.promptTokens - second.reusedTokens + second.newTokens - 1);
    // The same question again runs its last token only.
    const again = await drain(conversation.answer({ input: { messages: turn }, maxNewTokens }));
    expect(again.reusedTokens).toBe(again.promptTokens - 1);
    expect(again.tokens).toEqual(second.tokens);
  });

  it('keeps nothing of another adapter or strength', async () => {
    const runtime = runtimeOf();
    const conversation = new Conversation(runtime, () => tokenizer);
    const selections: AdapterSelection[] = [
      {},
      { adapter: adapterOf(4) },
      { adapter: adapterOf(8) },
      { adapter: adapterOf(8), strength: 0.5 },
      { adapter: adapterOf(8), strength: 0 },
    ];
    const settings = { input: { messages: [user('hello world')] }, maxNewTokens };
    const answers: string[] = [];
    for (const selection of [...selections, ...selections]) {
      // ToyRuntime refuses a past of another adapter selection.
      const report = await drain(conversation.answer(settings, selection));
      expect(report.tokens).toEqual((await fresh(settings, selection)).tokens);
      answers.push(report.tokens.join());
    }
    expect(new Set(answers).size).toBe(4);
    expect(answers[4]).toBe(answers[0]);
    const [adapter] = [adapterOf(3)];
    await drain(conversation.answer(settings, { adapter }));
    expect((await drain(conversation.answer(settings, { adapter, strength: 1 }))).reusedTokens).toBeGreaterThan(0);
    await expect(drain(conversation.answer(settings, { adapter, strength: -1 }))).rejects.toMatchObject({
      code: 'config',
    });
  });

  it('stays right when an answer is aborted, abandoned or fails', async () => {
    const runtime = runtimeOf();
    const conversation = new Conversation(runtime, () => tokenizer);
    const settings = { input: { messages: [user('hello world')] }, maxNewTokens };
    const expected = (await fresh(settings)).tokens;
    const abort = new AbortController();
    const aborted = conversation.answer(settings, {}, { signal: abort.signal });
    await aborted.next();
    abort.abort();
    expect((await drain(aborted)).finishReason).toBe('aborted');
    expect((await drain(conversation.answer(settings))).tokens).toEqual(expected);

    const abandoned = conversation.answer(settings);
    await abandoned.next();
    await abandoned.return(undefined as never);
    expect((await drain(conversation.answer(settings))).tokens).toEqual(expected);

    const topK = runtime.topK.bind(runtime);
    let calls = 0;
    runtime.topK = (...args) => {
      calls += 1;
      if (calls === 3) throw new Error('lost');
      return topK(...args);
    };
    const other = { input: { messages: [user('another question, and a longer one')] }, maxNewTokens };
    await expect(drain(conversation.answer(other))).rejects.toThrow('lost');
    runtime.topK = topK;
    expect((await drain(conversation.answer(settings))).tokens).toEqual(expected);
    expect((await drain(conversation.answer(other))).tokens).toEqual((await fresh(other)).tokens);
  });

  it('lets a second answer wait for the first', async () => {
    const conversation = new Conversation(runtimeOf(), () => tokenizer);
    const one = { input: { messages: [user('hello world')] }, maxNewTokens };
    const two = { input: { messages: [user('no no yes')] }, maxNewTokens };
    const [first, second] = await Promise.all([drain(conversation.answer(one)), drain(conversation.answer(two))]);
    expect(first.tokens).toEqual((await fresh(one)).tokens);
    expect(second.tokens).toEqual((await fresh(two)).tokens);
  });

  it('says how much fits when the conversation has outgrown the context', async () => {
    const conversation = new Conversation(runtimeOf(20), () => tokenizer);
    const long = drain(conversation.answer({ input: { text: 'hello world '.repeat(12) } }));
    await expect(long).rejects.toMatchObject({ code: 'context' });
    const full = await drain(conversation.answer({ input: { text: 'hello' } }));
    expect(full.finishReason).toBe('context');
    expect(full.promptTokens + full.newTokens).toBe(20);
  });
});

interface TurnOptions {
  readonly signal?: AbortSignal;
  readonly maxNewTokens?: number;
}

describe('a chat session', () => {
  const sessionOf = (): ChatSession<TurnOptions> => {
    const conversation = new Conversation(runtimeOf(), () => tokenizer);
    return new ChatSession<TurnOptions>(
      (messages, { signal, ...settings }) =>
        conversation.answer({ input: { messages }, ...settings }, {}, { ...(signal && { signal }) }),
      { maxNewTokens },
      'be brief',
    );
  };

  it('remembers turns, edits and regenerates them, and forgets all but the system prompt', async () => {
    const chat = sessionOf();
    const first = await drain(chat.send('hello'));
    expect(chat.messages).toEqual([{ role: 'system', content: 'be brief' }, user('hello'), said(first.text)]);
    const second = await drain(chat.send('world'));
    expect(second.reusedTokens).toBeGreaterThan(0);
    expect((await drain(chat.regenerate())).text).toBe(second.text);
    expect(chat.messages).toHaveLength(5);
    const edited = await drain(chat.edit('no'));
    const expected = [...chat.messages.slice(0, 3), user('no')];
    expect(chat.messages.slice(0, -1)).toEqual(expected);
    expect(edited.text).toBe((await fresh({ input: { messages: expected }, maxNewTokens })).text);
    chat.reset();
    expect(chat.messages).toEqual([{ role: 'system', content: 'be brief' }]);
    await expect(drain(chat.regenerate())).rejects.toMatchObject({ code: 'bad-data' });
    chat.reset('be long');
    expect(chat.messages).toEqual([{ role: 'system', content: 'be long' }]);
  });

  it('keeps an answer that was cut short as far as it got, and nothing of one that failed', async () => {
    const chat = sessionOf();
    const abort = new AbortController();
    const pieces = chat.send('hello', { signal: abort.signal });
    const piece = await pieces.next();
    abort.abort();
    const report = await drain(pieces);
    expect(report.text.startsWith(piece.value as string)).toBe(true);
    expect(chat.messages.at(-1)).toEqual(said(report.text));
    const abandoned = chat.send('world');
    const { value } = await abandoned.next();
    await abandoned.return(undefined as never);
    expect(chat.messages.at(-1)).toEqual(said(value as string));
    const before = chat.messages;
    await expect(drain(chat.send('no', { maxNewTokens: 0 }))).rejects.toMatchObject({ code: 'config' });
    expect(chat.messages).toEqual(before);
    expect((await drain(chat.send('no'))).newTokens).toBeGreaterThan(0);
  });
});
