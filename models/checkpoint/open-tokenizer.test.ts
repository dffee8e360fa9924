import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { prepareExamples } from '../../src/data/prepare.ts';
import { memorySource } from '../../src/formats/byte-source.ts';
import { checkPrompt } from '../../src/generate/prefill.ts';
import type { Runtime } from '../../src/generate/runtime.ts';
import { folderOnDisk } from '../../test/harness/toy-llama.ts';
import { openModel, type OpenModel } from './open-model.ts';

const TOY = folderOnDisk(join(import.meta.dirname, '..', '..', 'test', 'fixtures', 'toy-llama', 'model'), 'toy');
const VOCAB = 131;

type Json = Record<string, unknown>;

async function json(file: string): Promise<Json> {
  const source = TOY.files.get(file);
  if (source === undefined) throw new Error(`the toy has no ${file}`);
  return JSON.parse(new TextDecoder().decode(await source.read(0, source.size))) as Json;
}

/** The toy with some of its JSON files changed, or taken away. */
async function openWith(changes: Readonly<Record<string, ((was: Json) => Json) | undefined>>): Promise<OpenModel> {
  const files = new Map(TOY.files);
  for (const [file, change] of Object.entries(changes)) {
    if (change === undefined) files.delete(file);
    else {
      const was = files.has(file) ? await json(file) : {};
      files.set(file, memorySource(file, new TextEncoder().encode(JSON.stringify(change(was)))));
    }
  }
  return openModel({ name: 'toy', files });
}

const added = (id: number, content: string) => (tokenizer: Json) => ({
  ...tokenizer,
  added_tokens: [
    ...(tokenizer['added_tokens'] as object[]),
    { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true },
  ],
});

describe('added tokens beyond the embedding', () => {
  it.each([VOCAB, VOCAB + 7])('open, as nothing yields id %i unless it is spelled', async (id) => {
    const opened = await openWith({ 'tokenizer.json': added(id, '<image_soft_token>') });
    const tokenizer = opened.tokenizer();
    expect(tokenizer.vocabSize).toBe(VOCAB);
    const row = (line: number, answer: string) => ({
      kind: 'messages' as const,
      line,
      messages: [
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: answer },
      ],
    });
    const { examples, problems } = prepareExamples([row(1, 'Yo'), row(2, 'see <image_soft_token> here')], tokenizer, {
      file: 'd.jsonl',
      seqLen: 64,
      contextLength: 64,
      vocabSize: opened.model.shape.vocabSize,
      lossOn: 'completion',
    });
    expect(examples.map(({ line, ids }) => [line, ids.at(-1)])).toEqual([[1, tokenizer.eosId]]);
    expect(problems).toEqual([
      {
        file: 'd.jsonl',
        line: 2,
        reason: `token id ${id} (<image_soft_token>), the model has ${VOCAB}`,
        fix: 'leave that token out of the text',
      },
    ]);
    const prompt = tokenizer.encodePrompt([{ role: 'user', content: 'what is <image_soft_token>' }]);
    expect(prompt).toContain(id);
    expect(() => checkPrompt(prompt, { context: 64, vocabSize: VOCAB } as Runtime, 'generate: the prompt')).toThrow(
      `generate: the prompt: got token id ${id}, wanted ids below the model's ${VOCAB}`,
    );
  });

  it('are not what a vocabulary of another model is', async () => {
    const grown = openWith({
      'tokenizer.json': (tokenizer) => {
        const model = tokenizer['model'] as { vocab: Json };
        return { ...tokenizer, model: { ...model, vocab: { ...model.vocab, zz: VOCAB } } };
      },
    });
    await expect(grown).rejects.toThrow(
      `toy: tokenizer.json: got ids up to ${VOCAB}, wanted below ${VOCAB}, the rows of the embedding`,
    );
  });
});

describe('the end of an answer of a model folder', () => {
  const noEos = ({ eos_token: _, ...config }: Json): Json => config;

  it.each([
    ['config.json', { 'tokenizer_config.json': noEos }],
    [
      'generation_config.json before config.json',
      {
        'tokenizer_config.json': noEos,
        'config.json': (config: Json) => ({ ...config, eos_token_id: 9 }),
        'generation_config.json': () => ({ eos_token_id: [2] }),
      },
    ],
    [
      'special_tokens_map.json',
      {
        'tokenizer_config.json': noEos,
        'config.json': ({ eos_token_id: _, ...config }: Json) => config,
        'special_tokens_map.json': () => ({ eos_token: '</s>' }),
      },
    ],
  ])('comes from %s', async (_, changes) => {
    const opened = await openWith(changes);
    const tokenizer = opened.tokenizer();
    expect(tokenizer.eosId).toBe(2);
    expect(tokenizer.eosIds).toEqual([2]);
    const { ids, scored } = tokenizer.encodeConversation([
      { role: 'user', content: 'abc' },
      { role: 'assistant', content: 'def' },
    ]);
    expect([ids.at(-1), scored.at(-1)]).toEqual([2, true]);
  });

  it('is said to be unknown before anything is trained', async () => {
    const opened = await openWith({
      'tokenizer_config.json': noEos,
      'config.json': ({ eos_token_id: _, ...config }) => config,
    });
    expect(opened.tokenizer().eosIds).toEqual([]);
    expect(opened.notes).toEqual(expect.arrayContaining([expect.stringMatching(/^no end of an answer is known/)]));
  });
});
