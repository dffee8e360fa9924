import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { prepareExamples } from '../../src/data/prepare.ts';
import { readDataRows } from '../../src/data/read-rows.ts';
import { rowsOfKind } from '../../src/data/rows.ts';
import { loadTokenizer } from '../tokenizer/tokenizer.ts';

interface Result {
  readonly template: string;
  readonly tokens: Readonly<Record<string, string>>;
  /** A hash of [ids, labels]; "asked:" before one of a row that follows its prompt; "refused". */
  readonly rows: readonly string[];
  /** Some rows in full. */
  readonly shown: Readonly<Record<string, readonly [ids: number[], labels: number[]]>>;
}

// Made by scripts/fixtures/chat_rows.py: Jinja2 as transformers sets it up, tokens by a BPE of its own.
const fixture = JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures', 'chat-rows.json'), 'utf8')) as {
  now: string;
  shapes: string[];
  tokenizer: object;
  rows: Record<string, unknown>[];
  results: Record<string, Result>;
};

const file = new TextEncoder().encode(fixture.rows.map((row) => JSON.stringify(row)).join('\n'));

describe.each(Object.entries(fixture.results))('rows through a template as %s has it', (_, result) => {
  it('have the tokens and the masks of transformers', async () => {
    const { rows, problems } = await readDataRows(file, 'rows.jsonl');
    expect(problems).toEqual([]);
    expect(rows).toHaveLength(220);
    const tokenizer = loadTokenizer(
      {
        tokenizerJson: JSON.stringify(fixture.tokenizer),
        tokenizerConfig: JSON.stringify(result.tokens),
        chatTemplate: result.template,
      },
      { now: new Date(fixture.now) },
    );
    const prepared = prepareExamples(rowsOfKind(rows, 'example'), tokenizer, {
      file: 'rows.jsonl',
      seqLen: 4096,
      contextLength: 4096,
      vocabSize: tokenizer.vocabSize,
      lossOn: 'completion',
    });
    const examples = new Map(prepared.examples.map((example) => [example.line, example]));
    const behindPrompt = new Set(
      prepared.notes.filter(({ text }) => text.includes('behind the prompt')).map(({ line }) => line),
    );
    const got = rows.map(({ line }) => {
      const example = examples.get(line);
      if (example === undefined) return 'refused';
      const both = JSON.stringify([[...example.ids], [...example.labels]]);
      const hash = createHash('sha256').update(both).digest('hex').slice(0, 16);
      return `${behindPrompt.has(line) ? 'asked:' : ''}${hash}`;
    });
    for (const [index, [ids, labels]] of Object.entries(result.shown)) {
      const example = examples.get(Number(index) + 1);
      expect([...(example?.ids ?? [])]).toEqual(ids);
      expect([...(example?.labels ?? [])]).toEqual(labels);
    }
    // Named, so that a difference says which shape.
    const named = (list: readonly string[]): string[] =>
      list.map((entry, i) => `${i + 1} ${fixture.shapes[i % fixture.shapes.length] ?? ''}: ${entry}`);
    expect(named(got)).toEqual(named(result.rows));
    for (const { reason } of prepared.problems) expect(reason).toMatch(/which it leaves out|refuses the conversation/);
    // What is asked is the beginning of what is trained.
    for (const { line, ids, promptIds = [] } of prepared.examples) {
      const isTold = prepared.notes.some((note) => note.line === line);
      if (!isTold) expect(Array.from(ids.slice(0, promptIds.length))).toEqual(Array.from(promptIds));
    }
  });
});
