import { describe, expect, it } from 'vitest';
import { toySubject, toyTokenizer } from '../toy-subject.ts';
import { prepareSuite, runOwnSuite } from './own-suite.ts';
import { parseSuite } from './suite-file.ts';

const SUITE = [
  { prompt: 'capital?', expected: 'Graz' },
  { prompt: 'hours?', contains: ['nine', 'Friday'] },
  { prompt: 'order?', pattern: '^#\\d{4}$' },
  { messages: [{ role: 'user', content: 'json?' }], system: 'Be brief.', fields: { city: 'Graz' } },
  { prompt: 'colour?', choices: ['red', 'sky'], answer: 'sky' },
  { prompt: 'shade?', choices: ['dun', 'off'], answer: 0 },
];
const { rows } = parseSuite(SUITE.map((row) => JSON.stringify(row)).join('\n'), 'suite.jsonl');

const GOOD: Readonly<Record<string, string>> = {
  'capital?': 'Graz',
  'hours?': 'From nine, on Friday too.',
  'order?': '#4711',
  'json?': '{"city": "Graz", "more": 1}',
};
/** Prefers answers with the letters of one text. */
const preferring = (text: string) => {
  const liked = new Set(toyTokenizer.encode(text, { addSpecialTokens: false }));
  return (label: number): number => (liked.has(label) ? 0.1 : 2);
};

describe('a suite of one’s own', () => {
  it('passes a model that answers as wanted', async () => {
    const { subject } = toySubject((question) => GOOD[question] ?? '?', { lossOf: preferring('skydun') });
    const result = await runOwnSuite(prepareSuite(rows, subject), subject);
    expect(result.sentence).toBe('6 of 6 rows pass all of their checks.');
    expect(result.wrong).toEqual([]);
    expect(Object.entries(result.scores).map(([name, { value }]) => [name, value])).toEqual([
      ['suite.exactMatch', 1],
      ['suite.tokenF1', 1],
      ['suite.rougeL', 1],
      ['suite.chrf', 1],
      ['suite.jsonValid', 1],
      ['suite.jsonFields', 1],
      ['suite.contains', 1],
      ['suite.pattern', 1],
      ['suite.choice', 1],
    ]);
  });

  it('names each answer that fails, with what was wanted', async () => {
    const { subject, asked } = toySubject(() => 'nine', { lossOf: preferring('redoff') });
    const { wrong, sentence } = await runOwnSuite(prepareSuite(rows, subject), subject);
    expect(sentence).toBe('0 of 6 rows pass all of their checks.');
    expect(wrong).toEqual([
      { row: 1, prompt: 'capital?', expected: 'Graz', got: 'nine' },
      { row: 2, prompt: 'hours?', expected: 'contains "nine"; contains "Friday"', got: 'nine' },
      { row: 3, prompt: 'order?', expected: 'matches ^#\\d{4}$', got: 'nine' },
      { row: 4, prompt: 'json?', expected: 'has {"city":"Graz"}', got: 'nine' },
      { row: 5, prompt: 'colour?', expected: 'sky', got: 'red' },
      { row: 6, prompt: 'shade?', expected: 'dun', got: 'off' },
    ]);
    // Rows that only choose are not asked.
    expect(asked.sort()).toEqual(['capital?', 'hours?', 'json?', 'order?']);
  });
});

describe('a suite file', () => {
  it('may be a JSON list', () => {
    expect(parseSuite(JSON.stringify(SUITE, null, 2), 'suite.json').rows).toHaveLength(SUITE.length);
  });

  it.each([
    ['', /no row/],
    ['{"prompt":"x"}', /nothing to hold the answer against/],
    ['{"prompt":"x","expect":"y"}', /s\.jsonl:1: .*expect/],
    ['{"expected":"y"}', /neither "prompt" nor "messages"/],
    ['{"prompt":"x","expected":"y"}\n{"prompt":"x","pattern":"(a+)+"}', /s\.jsonl:2: the pattern/],
    ['{"prompt":"x","choices":["a","b"],"answer":"c"}', /"answer": got "c"/],
    ['{"prompt":"x","choices":["a","b"],"answer":2}', /"answer": got 2/],
    ['{"prompt":"x","choices":["a","b"]}', /"answer": got nothing/],
    ['{"prompt":"x","expected":"y","answer":"y"}', /without "choices"/],
    ['{"messages":[{"role":"assistant","content":"x"}],"expected":"y"}', /no question/],
    ['{"prompt":"x","fields":{}}', /no field/],
    ['{"rule":"blocked"}', /pattern/],
    ['{"rule":"rude"}', /rude/],
    ['{"rule":"required","pattern":"(a+)+"}', /s\.jsonl:1: the pattern/],
    ['{"rule":"max-words","words":0}', /words/],
    ['not JSON', /s\.jsonl:1: got text that is not JSON/],
  ])('%s is refused', (content, reason) => {
    expect(() => parseSuite(content, 's.jsonl')).toThrow(reason);
  });
});
