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
