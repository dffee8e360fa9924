import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { memorySource } from '../../../src/formats/byte-source.ts';
import { openGguf } from '../../../src/formats/gguf.ts';
import { writeGguf, type MetadataValue } from '../../../test/harness/write-gguf.ts';
import { loadTokenizer, type ChatTokenizer } from '../../tokenizer/tokenizer.ts';
import { TOY_TEMPLATE } from '../../tokenizer/toy-tokenizer.ts';
import { ggufTokenizerFiles } from './tokenizer.ts';

type Plain = string | boolean | number | readonly string[] | readonly number[];

interface Case {
  readonly name: string;
  readonly metadata: Readonly<Record<string, Plain>>;
  readonly vectors: readonly { readonly text: string; readonly ids: readonly number[]; readonly decoded: string }[];
}

const CASES = JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures', 'tokenizers.json'), 'utf8')) as Case[];

/** Values in the types that llama.cpp's converter writes them in. */
function typed(metadata: Readonly<Record<string, Plain>>): Record<string, MetadataValue> {
  return Object.fromEntries(
    Object.entries(metadata).map(([key, value]): [string, MetadataValue] => {
      if (typeof value === 'string' || typeof value === 'boolean') return [key, value];
      if (typeof value === 'number') return [key, { u32: value }];
      if (typeof value[0] === 'string') return [key, { strings: value as string[] }];
      return [key, key.endsWith('scores') ? { f32s: value as number[] } : { i32s: value as number[] }];
    }),
  );
}

async function open(metadata: Readonly<Record<string, MetadataValue>>): Promise<ChatTokenizer> {
  const file = await openGguf(memorySource('toy.gguf', writeGguf({ 'general.architecture': 'llama', ...metadata })));
  const files = ggufTokenizerFiles(file);
  if (files === undefined) throw new Error('the file has no vocabulary');
  return loadTokenizer(files);
}

function caseOf(name: string): Record<string, MetadataValue> {
  const found = CASES.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no case ${name}`);
  return typed(found.metadata);
}

describe.each(CASES)('a vocabulary in a GGUF: $name', ({ metadata, vectors }) => {
  it('encodes and decodes as the library that made it', async () => {
    const tokenizer = await open(typed(metadata));
    for (const { text, ids, decoded } of vectors) {
      expect(tokenizer.encode(text, { addSpecialTokens: false }), JSON.stringify(text)).toEqual(ids);
      expect(tokenizer.decode(ids), JSON.stringify(text)).toBe(decoded);
    }
  });
});

describe('special tokens of a GGUF', () => {
  it('are set as the file says, or as its kind of vocabulary does', async () => {
    const sp = caseOf('SentencePiece');
    const first = async (metadata: Record<string, MetadataValue>): Promise<[boolean, boolean]> => {
      const tokenizer = await open(metadata);
      const ids = tokenizer.encode('the fox');
      return [ids[0] === tokenizer.bosId, ids.at(-1) === tokenizer.eosId];
    };
    expect(await first(sp)).toEqual([true, false]);
    expect(await first({ ...sp, 'tokenizer.ggml.add_bos_token': false })).toEqual([false, false]);
    expect(await first({ ...sp, 'tokenizer.ggml.add_eos_token': true })).toEqual([true, true]);
    expect(await first(caseOf('gpt-2'))).toEqual([false, false]);
    expect(await first(caseOf('llama-bpe'))).toEqual([true, false]);
    expect(await first({ ...caseOf('gpt-2'), 'tokenizer.ggml.add_bos_token': true })).toEqual([true, false]);
  });

  it('end an answer: eos, end of turn, end of message, and what the template ends turns with', async () => {
    const tokenizer = await open({
      ...caseOf('qwen2'),
      'tokenizer.ggml.eot_token_id': { u32: 7 },
      'tokenizer.chat_template': "{% for m in messages %}{{ m.content + '<tool>' }}{% endfor %}",
    });
    expect(tokenizer.eosIds).toContain(7);
    expect(tokenizer.eosIds).toContain(tokenizer.eosId);
  });

  it('are not doubled by the template inside the file', async () => {
    for (const name of ['SentencePiece', 'llama-bpe']) {
      const tokenizer = await open({ ...caseOf(name), 'tokenizer.chat_template': TOY_TEMPLATE });
      const ids = tokenizer.encodePrompt([{ role: 'user', content: 'the fox' }]);
      expect(ids.filter((id) => id === tokenizer.bosId)).toEqual([tokenizer.bosId]);
      expect(ids[0]).toBe(tokenizer.bosId);
    }
  });
});

describe('a control token that a conversion calls normal', () => {
  it.each(['gpt-2', 'llama-bpe', 'qwen2', 'SentencePiece'])('is one token all the same: %s', async (name) => {
    const metadata = CASES.find((each) => each.name === name)?.metadata ?? {};
    const tokens = metadata['tokenizer.ggml.tokens'] as string[];
    const types = metadata['tokenizer.ggml.token_type'] as number[];
    const used = await open(typed(metadata));
    // Three ends of turn in the places of pieces that nothing else is made of.
    const free = [...tokens.keys()].filter(
      (id) => types[id] === 1 && tokens[id] !== undefined && tokens[id].length > 2,
    );
    const places = free.slice(-3);
    const ends = ['<|im_end|>', '<end_of_turn>', '<END>'];
    const renamed = tokens.map((token, id) => ends[places.indexOf(id)] ?? token);
    const gone = new Set(places.map((id) => tokens[id]));
    const merges = (metadata['tokenizer.ggml.merges'] as string[] | undefined)?.filter(
      (merge) => ![...merge.split(' '), merge.replace(' ', '')].some((piece) => gone.has(piece)),
    );
    const tokenizer = await open({
      ...typed({ ...metadata, 'tokenizer.ggml.tokens': renamed, ...(merges && { 'tokenizer.ggml.merges': merges }) }),
      'tokenizer.ggml.eot_token_id': { u32: places[2] ?? 0 },
    });
    const text = 'the fox';
    const words = used.encode(text, { addSpecialTokens: false });
    for (const [i, end] of ends.entries()) {
      expect(tokenizer.encode(end, { addSpecialTokens: false })).toEqual([places[i]]);
      const ids = tokenizer.encode(text + end, { addSpecialTokens: false });
      expect(ids).toEqual([...words, places[i]]);
      expect(tokenizer.decode(ids, { skipSpecialTokens: true })).toBe(text);
    }
    expect(tokenizer.eosIds).toContain(places[2]);
  });

  it('is no reason to cut words that only look a little alike', async () => {
    const sp = CASES.find(({ name }) => name === 'SentencePiece')?.metadata ?? {};
    const tokens = (sp['tokenizer.ggml.tokens'] as string[]).map((token, id, all) =>
      id === all.length - 1 ? '<b>' : token,
    );
    const tokenizer = await open(typed({ ...sp, 'tokenizer.ggml.tokens': tokens }));
    expect(tokenizer.specialTexts).not.toContain('<b>');
  });
});

describe('a vocabulary that cannot be used', () => {
  const sp = caseOf('SentencePiece');
  it('names the key', async () => {
    await expect(open({ ...sp, 'tokenizer.ggml.model': 't5' })).rejects.toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: toy.gguf: tokenizer.ggml.model: got "t5", wanted gpt2 (byte-level BPE) or llama (SentencePiece); use the model’s folder with tokenizer.json and safetensors]`,
    );
    await expect(open({ ...caseOf('gpt-2'), 'tokenizer.ggml.pre': 'deepseek-coder' })).rejects.toThrow(
      'tokenizer.ggml.pre: got "deepseek-coder", wanted default, gpt-2',
    );
    await expect(open({ ...sp, 'tokenizer.ggml.scores': { f32s: [1, 2] } })).rejects.toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: toy.gguf: tokenizer.ggml.scores: got 2 values, wanted 560, one per token; fetch another conversion of the model]`,
    );
    await expect(
      open({ ...sp, 'tokenizer.ggml.bos_token_id': { u32: 99999 } }),
    ).rejects.toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: toy.gguf: tokenizer.ggml.bos_token_id: got 99999, wanted an id below 560; fetch another conversion of the model]`,
    );
    const { 'tokenizer.ggml.merges': _, ...unmerged } = caseOf('gpt-2');
    await expect(open(unmerged)).rejects.toThrow('tokenizer.ggml.merges: got no such key');
    const { 'tokenizer.ggml.tokens': __, ...empty } = sp;
    await expect(open(empty)).rejects.toThrow('tokenizer.ggml.tokens: got no such key');
    await expect(open({ ...sp, 'tokenizer.ggml.model': 'none' })).rejects.toThrow('no vocabulary');
  });
});
