import { describe, expect, it } from 'vitest';
import { CATALOGUE } from '../../../models/catalogue/catalogue.ts';
import { de } from './de.ts';
import { en } from './en.ts';
import { formatsOf } from './formats.ts';
import { LANGUAGES, languageOf } from './language.ts';

type Leaf = readonly [path: string, value: unknown];

function leaves(value: unknown, path = ''): Leaf[] {
  if (typeof value !== 'object' || value === null) return [[path, value]];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, path === '' ? key : `${path}.${key}`));
}

const tagsOf = (text: string): string[] => [...text.matchAll(/<(\/?\w+)>/g)].map(([, name = '']) => name).sort();

/** What a message says for some arguments; numbers for most, texts and lists where it joins them. */
function said(message: unknown, count: number): string {
  if (typeof message === 'string') return message;
  const call = message as (...args: unknown[]) => string;
  const candidates = [
    count,
    'NAME',
    ['NAME'],
    { parameters: 1, download: 1, context: 1, licence: 'MIT', isGated: true },
  ];
  for (const first of candidates) {
    try {
      const text = call(first, ...Array.from({ length: Math.max(0, call.length - 1) }, () => count));
      if (!/undefined|\[object|NaN/.test(text)) return text;
    } catch {
      // It takes something else.
    }
  }
  throw new Error(`no arguments suit ${call.toString()}`);
}

describe.each(Object.entries(LANGUAGES))('the messages of %s', (code, { messages, name }) => {
  const english = new Map(leaves(en));

  it('are as many as in English, of the same kinds, with the same marked parts', () => {
    const all = leaves(messages);
    expect(name).not.toBe('');
    // Remedies are lists, whose length is each language's own.
    const places = (list: readonly Leaf[]): string[] => list.map(([path]) => path.replace(/\.\d+$/, ''));
    expect([...new Set(places(all))].sort()).toEqual([...new Set(places([...english]))].sort());
    for (const [path, message] of all) {
      const original = english.get(path);
      if (original === undefined) continue;
      expect([path, typeof message]).toEqual([path, typeof original]);
      if (typeof message === 'function')
        expect([path, message.length]).toEqual([path, (original as typeof message).length]);
      for (const count of [1, 2, 12_345]) {
        const text = said(message, count);
        expect([path, tagsOf(text)]).toEqual([path, tagsOf(said(original, count))]);
      }
    }
  });

  it('leave no text empty, but for what is put together from others', () => {
    const empty = leaves(messages).filter(([, message]) => message === '');
    expect(empty.map(([path]) => path)).toEqual(['settings.form.method.hint']);
  });

  it('say what each model of the list is good for', () => {
    const missing = CATALOGUE.filter(({ id }) => !(id in messages.model.catalogue.goodFor)).map(({ id }) => id);
    expect(missing).toEqual([]);
  });

  it('write numbers as the language does', () => {
    const { count } = formatsOf(code, []);
    expect(messages.runs.stoppedAt(1234, 100_000)).toContain(count(100_000));
  });
});

it('leaves nothing of English in German but names and terms', () => {
  const SAME =
    /^(WebLoRA|Adapter|Model|Loss|Training|Link|Dropout|Alpha|Token|AdamW|SGD|PEFT|GGUF|MLX|LoRA|rsLoRA|DoRA|Kernel|Format|Rang|Demo|[\d\s.,–✓%]*|\d+ Bits? \(\w+\))$/;
  const english = new Map(leaves(en));
  const same = leaves(de).filter(
    ([path, message]) => typeof message === 'string' && message === english.get(path) && !SAME.test(message),
  );
  expect(same.map(([path, message]) => `${path}: ${String(message)}`)).toEqual([]);
});

describe('the language of the page', () => {
  it.each([
    [['de-CH', 'en'], 'de'],
    [['fr-FR', 'de', 'en'], 'de'],
    [['DE'], 'de'],
    [['nl', 'en-GB'], 'en'],
    [['ja'], 'en'],
    [[], 'en'],
  ] as const)('for a browser that wants %j is %s', (tags, expected) => {
    expect(languageOf(tags)).toBe(expected);
  });
});

describe('numbers and dates', () => {
  const english = formatsOf('en', ['en-GB']);
  const german = formatsOf('de', ['de-DE']);
  it('follow the language', () => {
    expect([english.count(12_345), german.count(12_345)]).toEqual(['12,345', '12.345']);
    expect([english.decimal(0.5, 2), german.decimal(0.5, 2)]).toEqual(['0.50', '0,50']);
    expect([english.bytes(3_440_000), german.bytes(3_440_000)]).toEqual(['3.4 MB', '3,4 MB']);
    expect([english.bytes(800), english.bytes(340_000), english.bytes(1.24e9)]).toEqual(['1 kB', '340 kB', '1.2 GB']);
    expect([english.large(5.1e6), german.large(5.1e6)]).toEqual(['5.1 million', '5,1 Millionen']);
    const date = new Date(2026, 10, 3, 10, 15);
    expect(english.dateTime(date, 'medium')).toBe('3 Nov 2026, 10:15');
    expect(german.dateTime(date, 'medium')).toBe('03.11.2026, 10:15');
  });
  it('keep a small number’s digits: a learning rate is never 0.0', () => {
    expect([english.significant(0.00004, 2), german.significant(0.00123, 2)]).toEqual(['0.00004', '0,0012']);
  });
  it('say durations in units that every language has', () => {
    expect([4, 120, 200, 1800, 3600, 3900, 7199].map(english.duration)).toEqual([
      '4 s',
      '2 min',
      '3 min 20 s',
      '30 min',
      '1 h',
      '1 h 5 min',
      '2 h',
    ]);
  });
  it('take the region of the reader', () => {
    expect(formatsOf('de', ['en-US', 'de-AT']).locale).toBe('de-AT');
    expect(formatsOf('de', ['en-US']).locale).toBe('de');
  });
});
