import { describe, expect, it } from 'vitest';
import { loadTokenizer } from '../../models/tokenizer/tokenizer.ts';
import { toyByteLevelFiles } from '../../models/tokenizer/toy-tokenizer.ts';
import { prepareExamples, withSystem } from './prepare.ts';
import type { PreparedExamples, PrepareOptions } from './prepare.ts';
import { wordPhrase } from '../phrase.ts';
import { readRows } from './read-rows.ts';
import { describeProblem, IGNORED_LABEL, rowsOfKind } from './rows.ts';
import type { Example } from './rows.ts';

const chat = loadTokenizer(toyByteLevelFiles());
const plain = loadTokenizer(toyByteLevelFiles(''));

function prepare(rows: readonly object[], more: Partial<PrepareOptions> = {}, tokenizer = chat): PreparedExamples {
  const bytes = new TextEncoder().encode(rows.map((row) => JSON.stringify(row)).join('\n'));
  const options: PrepareOptions = {
    file: 'rows.jsonl',
    seqLen: 64,
    contextLength: 64,
    vocabSize: tokenizer.vocabSize,
    lossOn: 'completion',
    ...more,
  };
  return prepareExamples(rowsOfKind(readRows(bytes, 'rows.jsonl').rows, 'example'), tokenizer, options);
}

function only(prepared: PreparedExamples): Example {
  expect(prepared.problems).toEqual([]);
  const [example] = prepared.examples;
  if (example === undefined) throw new Error('no example');
  return example;
}

/** What the labels say, position by position shifted onto the tokens that are predicted. */
function taught({ ids, labels }: Example): string {
  expect([...labels].every((label, t) => label === IGNORED_LABEL || label === ids[t])).toBe(true);
  return chat.decode([...labels].filter((label) => label !== IGNORED_LABEL));
}

const PAIR = { prompt: 'hello', completion: 'yes' };

describe('prepareExamples', () => {
  it('scores the answer and its end of turn, and asks the question as generation does', () => {
    const example = only(prepare([PAIR]));
    expect(chat.decode(example.ids)).toBe('<s><|turn|>user\nhello<|end|>\n<|turn|>assistant\nyes<|end|>\n');
    expect(taught(example)).toBe('yes<|end|>');
    expect(example.line).toBe(1);
    expect(example.promptText).toBe('hello');
    expect(example.completionText).toBe('yes');
    expect([...(example.promptIds ?? [])]).toEqual(chat.encodePrompt([{ role: 'user', content: 'hello' }]));
    expect(only(prepare([PAIR], { withQuestions: false })).promptIds).toBeUndefined();
  });

  it('scores everything with loss on all', () => {
    const example = only(prepare([PAIR], { lossOn: 'all' }));
    expect([...example.labels]).toEqual([...example.ids]);
  });

  it('puts the system prompt before conversations that have none', () => {
    expect(chat.decode(only(prepare([PAIR], { system: 'be kind' })).ids)).toContain('<|turn|>system\nbe kind<|end|>');
    const own = { role: 'system', content: 'mine' };
    expect(withSystem([own], 'be kind')).toEqual([own]);
    expect(withSystem([], '')).toEqual([]);
    expect(taught(only(prepare([{ text: 'hello' }], { system: 'be kind' })))).toBe('<s>hello');
  });

  it('is verbatim without a chat template', () => {
    const example = only(prepare([{ prompt: 'hello', completion: ' world' }], {}, plain));
    expect(plain.decode(example.ids)).toBe('<s>hello world</s>');
    expect(taught(example)).toBe(' world</s>');
    expect(plain.decode(example.promptIds ?? [])).toBe('<s>hello');
  });

  it('scores plain text whole, without a question', () => {
    const example = only(prepare([{ text: 'hello world' }]));
    expect(taught(example)).toBe('<s>hello world');
    expect(example.promptIds).toBeUndefined();
  });

  it('shows who said what before the last answer', () => {
    const messages = ['a', 'b', 'c', 'd'].map((content, i) => ({ role: i % 2 === 0 ? 'user' : 'assistant', content }));
    const example = only(prepare([{ messages }]));
    expect(example.promptText).toBe('user: a\nassistant: b\nuser: c');
    expect(example.completionText).toBe('d');
    expect(taught(example)).toBe('b<|end|>d<|end|>');
  });

  it('uses tokenised rows as given', () => {
    const row = { input_ids: [0, 10, 11, 12], labels: [-100, -100, 11, 12] };
    for (const lossOn of ['completion', 'all'] as const) {
      const example = only(prepare([row], { lossOn }));
      expect([...example.ids]).toEqual(row.input_ids);
      expect([...example.labels]).toEqual(row.labels);
      expect([...(example.promptIds ?? [])]).toEqual([0, 10]);
      expect(example.completionText).toBe(chat.decode([11, 12]));
    }
    expect(only(prepare([{ input_ids: [0, 10], labels: [0, 10] }])).promptIds).toBeUndefined();
  });

  it('cuts long rows at the right and counts what they lost', () => {
    const whole = only(prepare([{ text: 'abcdefgh' }]));
    const { examples, truncated, problems } = prepare([{ text: 'ab' }, { text: 'abcdefgh' }], { seqLen: 6 });
    expect(problems).toEqual([]);
    expect(truncated).toEqual([{ line: 2, tokens: 3 }]);
    expect([...(examples[1]?.ids ?? [])]).toEqual([...whole.ids.slice(0, 6)]);
    expect(examples[1]?.labels).toHaveLength(6);
  });

  describe('a row of 130,000 characters', () => {
    const TIMES = 130_000 / 'x y '.length;
    const ids = Array.from({ length: 130_000 }, (_, i) => 5 + (i % 7));
    it.each<[string, (text: string) => object]>([
      ['an answer', (text) => ({ question: 'q', answer: text })],
      ['an answer after an instruction', (text) => ({ instruction: 'q', input: 'r', output: text })],
      ['text', (text) => ({ text })],
      [
        'an answer of a conversation',
        (text) => ({
          messages: [
            { role: 'user', content: 'q' },
            { role: 'assistant', content: text },
          ],
        }),
      ],
      [
        'an answer of ShareGPT',
        (text) => ({
          conversations: [
            { from: 'human', value: 'q' },
            { from: 'gpt', value: text },
          ],
        }),
      ],
    ])('is cut where it is %s, and the rows beside it are whole', (_, row) => {
      const short = { question: 'a', answer: 'b' };
      const { examples, truncated, problems } = prepare([short, row('x y '.repeat(TIMES)), short]);
      expect(problems).toEqual([]);
      expect(examples.map(({ line }) => line)).toEqual([1, 2, 3]);
      // What a text of two hundred characters begins with, a longer one of the same words begins with too.
      const [begun] = prepare([row('x y '.repeat(50))]).examples;
      expect([...(examples[1]?.ids ?? [])]).toEqual([...(begun?.ids ?? [])]);
      expect([...(examples[1]?.labels ?? [])]).toEqual([...(begun?.labels ?? [])]);
      expect(examples[1]?.ids).toHaveLength(64);
      expect(truncated.map(({ line }) => line)).toEqual([2]);
      expect(truncated[0]?.tokens).toBeGreaterThan(100_000);
      expect([...(examples[2]?.ids ?? [])]).toEqual([...(examples[0]?.ids ?? [])]);
    });

    it('is cut where it is tokens', () => {
      const { examples, truncated } = prepare([PAIR, { input_ids: ids, labels: ids }]);
      expect([...(examples[1]?.ids ?? [])]).toEqual(ids.slice(0, 64));
      expect(truncated).toEqual([{ line: 2, tokens: 130_000 - 64 }]);
    });

    it('is named where it is a question, and costs no other row', () => {
      const { examples, problems } = prepare([PAIR, { question: 'x y '.repeat(TIMES), answer: 'z' }, PAIR]);
      expect(examples.map(({ line }) => line)).toEqual([1, 3]);
      expect(problems.map((problem) => wordPhrase(describeProblem(problem)))).toEqual([
        expect.stringMatching(/^rows\.jsonl:2: no scored token in its first 64 tokens \(it has \d{6}\)/),
      ]);
    });
  });

  it('lists rows that cannot be used and keeps the rest', () => {
    const { examples, problems, truncated } = prepare(
      [
        { text: 'ok' },
        PAIR,
        { input_ids: [5, 6], labels: [5, -100] },
        { input_ids: [5, 900], labels: [5, 900] },
        { input_ids: [5, 6], labels: [5, 900] },
      ],
      { seqLen: 8 },
    );
    expect(examples.map((example) => example.line)).toEqual([1]);
    expect(truncated).toEqual([]);
    expect(problems.map((problem) => wordPhrase(describeProblem(problem)))).toMatchInlineSnapshot(`
      [
        "rows.jsonl:2: no scored token in its first 8 tokens (it has 24); shorten the question, or allow longer rows",
        "rows.jsonl:3: no scored token; remove the row or give it an answer",
        "rows.jsonl:4: token id 900, the model has 273; tokenise with this model's own tokenizer",
        "rows.jsonl:5: token id 900, the model has 273; tokenise with this model's own tokenizer",
      ]
    `);
  });

  it('lists rows that the template refuses', () => {
    const strict = loadTokenizer(toyByteLevelFiles("{{ raise_exception('no system role') }}"));
    expect(prepare([PAIR], {}, strict).problems.map((problem) => wordPhrase(describeProblem(problem))))
      .toMatchInlineSnapshot(`
      [
        "rows.jsonl:1: chat template: refuses the conversation: got no system role, wanted roles and an order that this model knows; change the roles or leave out system",
      ]
    `);
  });

  it('leaves the names of settings in a reason to whoever shows it', () => {
    const strict = loadTokenizer(toyByteLevelFiles("{{ raise_exception('no system role') }}"));
    const [problem] = prepare([PAIR], {}, strict).problems;
    expect(problem?.reason).toMatch(/or leave out system$/);
    const shown = problem && wordPhrase(describeProblem(problem), ({ setting }) => `--${setting}`);
    expect(shown).toMatch(/^rows\.jsonl:1: chat template: .* or leave out --system$/);
  });

  it('refuses lengths that the model does not have', () => {
    expect(() => prepare([PAIR], { seqLen: 65 })).toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: seqLen: got 65, wanted at most the model's context of 64 tokens; use seqLen 64 or less]`,
    );
    expect(() => prepare([PAIR], { seqLen: 1 })).toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: seqLen: got 1, wanted a whole number of at least 2; a token is scored by the one before it]`,
    );
  });
});
