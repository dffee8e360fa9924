import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadTokenizer } from './tokenizer.ts';

interface Case {
  readonly byteFallback: boolean;
  readonly tokenizer: object;
  readonly vectors: readonly { readonly text: string; readonly ids: readonly number[]; readonly unknown: number }[];
}

// Made by scripts/fixtures/unigram.py; the ids are SentencePiece's own.
const { cases } = JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures', 'unigram.json'), 'utf8')) as {
  cases: Case[];
};

describe.each(cases)('a Unigram vocabulary, byte fallback $byteFallback', ({ byteFallback, tokenizer, vectors }) => {
  const opened = loadTokenizer({
    tokenizerJson: JSON.stringify(tokenizer),
    tokenizerConfig: JSON.stringify({ bos_token: '<s>', eos_token: '</s>', unk_token: '<unk>' }),
  });

  it.each(vectors)('encodes $text as SentencePiece does', ({ text, ids, unknown }) => {
    expect(opened.encode(text)).toEqual(ids);
    expect(unknown > 0).toBe(ids.includes(0));
    if (byteFallback) {
      expect(unknown).toBe(0);
      expect(opened.decode(ids)).toBe(text);
    }
  });

  it('tells the texts that it cannot spell', () => {
    expect(opened.notes).toEqual([]);
    const kept = vectors.filter(({ text }) => opened.keeps(text)).map(({ text }) => text);
    expect(kept).toEqual(vectors.filter(({ unknown }) => unknown === 0).map(({ text }) => text));
    expect(kept.length).toBe(byteFallback ? vectors.length : 1);
  });
});
