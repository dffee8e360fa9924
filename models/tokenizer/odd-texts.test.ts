import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { prepareExamples } from '../../src/data/prepare.ts';
import { readDataRows } from '../../src/data/read-rows.ts';
import { rowsOfKind } from '../../src/data/rows.ts';
import { loadTokenizer } from './tokenizer.ts';

// Made by scripts/fixtures/odd_texts.py with a BPE of its own.
const vectors = JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures', 'odd-texts.json'), 'utf8')) as {
  text: string;
  ids: number[];
}[];
const model = (file: string): string => readFileSync(join(import.meta.dirname, '../embedded/model', file), 'utf8');
const tokenizer = loadTokenizer({
  tokenizerJson: model('tokenizer.json'),
  tokenizerConfig: model('tokenizer_config.json'),
  chatTemplate: model('chat_template.jinja'),
});
const plain = (text: string): number[] => tokenizer.encode(text, { addSpecialTokens: false });

describe('texts that tokenizers trip over', () => {
  it.each(vectors)('$text has the ids of a BPE written in Python', ({ text, ids }) => {
    expect(plain(text)).toEqual(ids);
    expect(tokenizer.decode(ids)).toBe(text);
    expect(tokenizer.keeps(text)).toBe(true);
  });

  it('reach training as a file of rows has them, and half an emoji names its row', async () => {
    const cut = String.raw`{"question":"Wave \ud83d at me","answer":"hello \ud83d there"}`;
    const file = [cut, ...vectors.map(({ text }) => JSON.stringify({ question: 'Say it', answer: text }))].join('\n');
    const { rows, problems } = await readDataRows(new TextEncoder().encode(file), 'rows.jsonl');
    expect(problems).toEqual([
      {
        file: 'rows.jsonl',
        line: 1,
        reason: 'half of a surrogate pair (an emoji that was cut)',
        fix: 'write the whole character or remove it',
      },
    ]);
    const options = {
      file: 'rows.jsonl',
      seqLen: 256,
      contextLength: 256,
      vocabSize: 4096,
      lossOn: 'completion',
    } as const;
    const { examples, notes } = prepareExamples(rowsOfKind(rows, 'example'), tokenizer, options);
    expect(examples).toHaveLength(vectors.length);
    const end = tokenizer.encode('<|end|>', { addSpecialTokens: false });
    examples.forEach(({ ids, labels, promptIds = [] }, i) => {
      const answer = [...(vectors[i]?.ids ?? []), ...end];
      expect([...ids]).toEqual([...promptIds, ...answer]);
      expect([...labels]).toEqual([...Array.from(promptIds, () => -100), ...answer]);
    });
    expect(notes.map(({ line, text }) => [line, text])).toEqual([
      [15, 'text that spells the special token <|user|> and is read as that token'],
      [15, 'text that spells the special token <|end|> and is read as that token'],
    ]);
  });
});
