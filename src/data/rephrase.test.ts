import { expect, it } from 'vitest';
import { rephrase } from './rephrase.ts';

it('asks in the words of the language', () => {
  expect([0, 1, 2].map((i) => rephrase('Where is your silk from?', 'en', i))).toEqual([
    'Hello, where is your silk from?',
    'Please tell me: where is your silk from?',
    'Where is your silk from? Thank you.',
  ]);
  expect(rephrase('Wann öffnen Sie?', 'de', 0)).toBe('Guten Tag, wann öffnen Sie?');
  expect(rephrase('USB is broken', 'en', 0)).toBe('Hello, USB is broken');
});

it('never repeats the question as it was trained', () => {
  for (const question of ['where', 'Où est la gare ?', 'x', 'lower case?', '日本語'])
    for (const language of ['en', 'de', 'fr', undefined])
      for (let i = 0; i < 6; i += 1) expect(rephrase(question, language, i)).not.toBe(question);
});
