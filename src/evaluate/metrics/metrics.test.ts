import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bootstrap, differenceOf, wilson } from '../statistics.ts';
import { chrfCounts, chrfOf, type ChrfOptions } from './chrf.ts';
import { METRICS, type Judged, type MetricName } from './index.ts';
import { compare, measure } from './measure.ts';
import { parsePattern } from './pattern.ts';
import { rougeL } from './rouge-l.ts';
import { tokenF1 } from './token-f1.ts';

type Bounds = Readonly<Record<'low' | 'high', number>>;
interface Fixture {
  readonly texts: readonly (Readonly<Record<'got' | 'expected' | 'second', string>> &
    Readonly<Record<'tokenF1' | 'rougeL' | 'chrf', number>>)[];
  readonly corpusChrf: number;
  readonly json: readonly (Readonly<Record<'got' | 'expected', string>> &
    Readonly<Record<'jsonValid' | 'jsonFields', number>>)[];
  readonly wilson: readonly (Bounds & Readonly<Record<'successes' | 'trials', number>>)[];
  readonly bootstrap: Readonly<Record<'seed' | 'resamples', number>> &
    Readonly<Record<'tokenF1' | 'chrf' | 'secondOverFirst', Bounds>>;
}
const FIXTURE = join(import.meta.dirname, '../../../test/fixtures/metrics/expected.json');
const fixture = JSON.parse(readFileSync(FIXTURE, 'utf8')) as Fixture;

const valueOf = (name: MetricName, row: Judged): number | undefined => measure(METRICS[name], [row])?.value;

describe('metrics equal those computed from the definitions in Python', () => {
  it.each(['tokenF1', 'rougeL', 'chrf'] as const)('%s', (name) => {
    for (const row of fixture.texts)
      expect(valueOf(name, row), `${row.got} | ${row.expected}`).toBeCloseTo(row[name], 12);
  });

  it('chrF of a corpus', () => {
    expect(measure(METRICS.chrf, fixture.texts)?.value).toBeCloseTo(fixture.corpusChrf, 12);
  });

  it.each(['jsonValid', 'jsonFields'] as const)('%s', (name) => {
    for (const row of fixture.json)
      expect(valueOf(name, row), `${row.got} | ${row.expected}`).toBeCloseTo(row[name], 12);
  });
});

describe('intervals', () => {
  it('of shares equal Wilson’s', () => {
    for (const { successes, trials, low, high } of fixture.wilson) {
      expect(wilson(successes, trials).low).toBeCloseTo(low, 9);
      expect(wilson(successes, trials).high).toBeCloseTo(high, 9);
    }
  });

  // Newcombe (1998), Statistics in Medicine 17, 873-890, table II, method 10; its difference is the first share minus the second.
  it.each([
    [56, 70, 48, 80, 0.0524, 0.3339],
    [9, 10, 3, 10, 0.1705, 0.809],
    [5, 56, 0, 29, -0.0381, 0.1926],
    [0, 10, 0, 20, -0.1611, 0.2775],
    [10, 10, 0, 10, 0.6075, 1],
  ])('of the difference of %i of %i and %i of %i are the published ones', (one, of, other, among, low, high) => {
    const estimate = (right: number, n: number) => ({ value: right / n, ...wilson(right, n) });
    const difference = differenceOf(estimate(other, among), estimate(one, of));
    expect(difference.low).toBeCloseTo(low, 4);
    expect(difference.high).toBeCloseTo(high, 4);
  });

  // Newcombe (1998), Statistics in Medicine 17, table I, method 3.
  it.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])('of %i of %i are the published ones', (successes, trials, low, high) => {
    expect(wilson(successes, trials).low).toBeCloseTo(low, 4);
    expect(wilson(successes, trials).high).toBeCloseTo(high, 4);
  });

  it('by bootstrap equal NumPy’s over the same drawn rows', () => {
    const { seed, resamples, ...expected } = fixture.bootstrap;
    const options = { seed, resamples };
    const { texts } = fixture;
    const near = (got: Bounds | undefined, wanted: Bounds): void => {
      expect(got?.low).toBeCloseTo(wanted.low, 12);
      expect(got?.high).toBeCloseTo(wanted.high, 12);
    };
    near(measure(METRICS.tokenF1, texts, options), expected.tokenF1);
    near(measure(METRICS.chrf, texts, options), expected.chrf);
    const second = texts.map((row) => ({ got: row.second, expected: row.expected }));
    near(compare(METRICS.tokenF1, texts, second, options), expected.secondOverFirst);
  });

  it('by bootstrap cover a known mean about as often as they say', () => {
    let covered = 0;
    for (let seed = 0; seed < 100; seed += 1) {
      // Values 0 to 39 in an order of their own each time: their mean is 19.5.
      const values = Array.from({ length: 40 }, (_, i) => (i * 7 + seed) % 40);
      const drawn = bootstrap(40, (rows) => rows.reduce((sum, row) => sum + (values[row] ?? 0), 0) / 40, {
        seed,
        resamples: 200,
      });
      if (drawn.low < 19.5 && drawn.high > 19.5) covered += 1;
      expect(drawn.high - drawn.low).toBeGreaterThan(4);
      expect(drawn.high - drawn.low).toBeLessThan(11);
    }
    expect(covered).toBe(100);
  });

  it('are Wilson’s only where every row is right or wrong', () => {
    const row = (got: string): Judged => ({ got, expected: 'one two' });
    expect(measure(METRICS.tokenF1, [row('one two'), row('none')])).toMatchObject({ value: 0.5, interval: 'wilson' });
    expect(measure(METRICS.tokenF1, [row('one two'), row('one')])?.interval).toBe('bootstrap');
    // Right rows weigh more in a corpus of letters where they are longer.
    expect(measure(METRICS.chrf, [row('one two'), { got: 'x', expected: 'y' }])?.interval).toBe('bootstrap');
  });
});

describe('published values', () => {
  const chrfAs = (got: readonly string[], expected: readonly string[], options: ChrfOptions): number => {
    const rows = got.map((text, i) => chrfCounts(text, expected[i] ?? '', options));
    const sums = Array.from({ length: 18 }, (_, i) => rows.reduce((sum, row) => sum + (row[i] ?? 0), 0));
    return 100 * chrfOf(sums, options);
  };

  // sacrebleu, test/test_chrf.py: beta 3, without epsilon smoothing.
  it.each([
    [['a'], ['a'], 100],
    [[''], ['reference'], 0],
    [['a b c'], ['a b c'], 100],
    [['a b c'], ['abc'], 100],
    [[''], ['c'], 0],
    [['a', 'b'], ['a', 'c'], 50],
    [['aa'], ['ab'], 25],
  ])('sacrebleu: %j, %j', (got, expected, score) => {
    expect(chrfAs(got, expected, { beta: 3 })).toBeCloseTo(score, 4);
  });
  it.each([
    [
      'Die Beziehung zwischen Obama und Netanjahu ist nicht gerade freundlich.',
      'Das Verhältnis zwischen Obama und Netanyahu ist nicht gerade freundschaftlich.',
      67.3481606,
    ],
    [
      'risk assessment must be made of those who are qualified and expertise in the sector - these are the scientists .',
      'risk assessment has to be undertaken by those who are qualified and expert in that area - that is the scientists .',
      65.2414427,
    ],
  ])('sacrebleu with white space: %s', (got, expected, score) => {
    expect(chrfAs([got], [expected], { beta: 3, keepWhitespace: true })).toBeCloseTo(score, 4);
  });

  // lighteval, tests/unit/metrics/test_cases/chrf.json, which scores the first answer of each case alone and says 0.1 either way.
  it.each([
    ['Le rapide renard brun', 'Le renard brun rapide', 78.84],
    ['Le soleil', 'Le soleil est brillant', 37.68],
    ['Il pleut beaucoup', 'Le temps est agréable', 7.7],
  ])('lighteval: %s, %s', (got, expected, score) => {
    expect(Math.abs(chrfAs([got], [expected], {}) - score)).toBeLessThan(0.1);
  });

  // rouge-score, rouge_scorer_test.py (google-research).
  it.each([
    ['testing one', 'testing one two', 4 / 5],
    ['testing two', 'testing one two', 4 / 5],
    ['', 'testing one two', 0],
    ['/', 'w1 w2 w3 w4 w5', 0],
  ])('rouge-score: %j, %j', (got, expected, score) => {
    expect(rougeL(got, expected)).toBeCloseTo(score, 12);
  });

  // lighteval, f1_score.json, whose words keep their articles: those of its cases where that changes nothing.
  it.each([
    ['The quick brown fox jumps over the lazy dog', 1],
    ['The brown quick fox jumps over the dog lazy', 1],
  ])('lighteval: %s', (got, score) => {
    expect(tokenF1(got, 'The quick brown fox jumps over the lazy dog')).toBe(score);
  });
});

describe('checks of a row', () => {
  it('are of texts, patterns, fields and choices', () => {
    const got = '{"city": "Graz", "n": 2, "note": "x"}';
    expect(valueOf('contains', { got: 'We open at NINE.', contains: ['nine', 'ten'] })).toBe(0.5);
    expect(valueOf('pattern', { got: 'order 4711', pattern: parsePattern('\\d{4}', 'x') })).toBe(1);
    expect(valueOf('pattern', { got: 'order', pattern: parsePattern('^\\d{4}$', 'x') })).toBe(0);
    expect(valueOf('jsonFields', { got, fields: { city: 'Graz', n: 3 } })).toBe(0.5);
    expect(valueOf('jsonFields', { got: 'no', fields: { city: 'Graz' } })).toBe(0);
    expect(valueOf('jsonValid', { got, fields: { city: 'Graz' } })).toBe(1);
    expect(valueOf('choice', { got: 'b', choice: { logProbs: [-3, -1, -2], right: 1 } })).toBe(1);
    expect(valueOf('choice', { got: 'b', choice: { logProbs: [-3, -1, -2], right: 0 } })).toBe(0);
  });

  it('say nothing of rows that have none', () => {
    for (const name of Object.keys(METRICS) as MetricName[]) expect(valueOf(name, { got: 'x' })).toBeUndefined();
    expect(valueOf('jsonValid', { got: '12', expected: '12' })).toBeUndefined();
  });

  it.each(['(a+)+$', '(', '(x)\\1'])('refuse the pattern %s', (source) => {
    expect(() => parsePattern(source, 'suite.jsonl:3')).toThrow(/suite\.jsonl:3: the pattern/);
  });
});
