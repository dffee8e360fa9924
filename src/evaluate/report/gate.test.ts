import { describe, expect, it } from 'vitest';
import type { Measure } from '../metrics/measure.ts';
import { wilson } from '../statistics.ts';
import { judgeBar, judgeBars, parseGate, type Bar, type BarResult } from './gate.ts';

const rate = (right: number, rows: number): Measure => ({
  value: right / rows,
  ...wilson(right, rows),
  rows,
  interval: 'wilson',
});
const atLeast = (limit: number): Bar => ({ metric: 'exactMatch', atLeast: limit });
const atMost = (limit: number): Bar => ({ metric: 'exactMatch', atMost: limit });
const judge = (bar: Bar, measure: Measure | undefined): BarResult => judgeBar(bar, measure, 'Right');

describe('a bar', () => {
  it('is decided by the whole interval, not by the number', () => {
    // Of 100 rows, 90 right: 82.6 to 94.5 %.
    expect(judge(atLeast(0.82), rate(90, 100)).verdict).toBe('ready');
    expect(judge(atLeast(0.9), rate(90, 100)).verdict).toBe('cannot-tell');
    expect(judge(atLeast(0.95), rate(90, 100)).verdict).toBe('not-ready');
    expect(judge(atMost(0.95), rate(90, 100)).verdict).toBe('ready');
    expect(judge(atMost(0.9), rate(90, 100)).verdict).toBe('cannot-tell');
    expect(judge(atMost(0.82), rate(90, 100)).verdict).toBe('not-ready');
  });

  it('cannot be told under 30 rows, and says how many are needed', () => {
    const few = judge(atLeast(0.5), rate(20, 20));
    expect(few).toMatchObject({ verdict: 'cannot-tell', rowsNeeded: 30 });
    expect(judge(atLeast(0.5), rate(30, 30)).verdict).toBe('ready');
    // All right: Wilson's lower end is n / (n + z²), which reaches 90 % at 35 rows.
    expect(judge(atLeast(0.9), rate(30, 30)).rowsNeeded).toBe(35);
    expect(judge(atLeast(0.9), rate(35, 35)).verdict).toBe('ready');
    expect(judge(atLeast(0.5), undefined)).toMatchObject({ verdict: 'cannot-tell' });
  });

  it('needs so many more rows that an interval by bootstrap clears it', () => {
    const measure: Measure = { value: 0.75, low: 0.5, high: 1, rows: 40, interval: 'bootstrap' };
    // Half of it must shrink from 0.25 to 0.125: four times the rows.
    expect(judge(atLeast(0.625), measure).rowsNeeded).toBe(160);
    expect(judge(atLeast(0.75), measure).rowsNeeded).toBeUndefined();
  });

  it('of none or all is decided by what was seen', () => {
    expect(judge(atMost(0), rate(0, 40)).verdict).toBe('ready');
    expect(judge(atMost(0), rate(1, 40)).verdict).toBe('not-ready');
    expect(judge(atMost(0), rate(1, 4)).verdict).toBe('not-ready');
    expect(judge(atMost(0), rate(0, 4))).toMatchObject({ verdict: 'cannot-tell', rowsNeeded: 30 });
    expect(judge(atLeast(1), rate(40, 40)).verdict).toBe('ready');
    expect(judge(atLeast(1), rate(39, 40)).verdict).toBe('not-ready');
  });

  it('of several: a missed one decides, then one that cannot be told', () => {
    const [ready, missed, open] = [
      judge(atLeast(0.1), rate(90, 100)),
      judge(atLeast(0.99), rate(90, 100)),
      judge(atLeast(0.9), rate(90, 100)),
    ];
    expect(judgeBars([ready, ready])).toBe('ready');
    expect(judgeBars([ready, open])).toBe('cannot-tell');
    expect(judgeBars([open, missed, ready])).toBe('not-ready');
    expect(judgeBars([])).toBe('cannot-tell');
  });
});

describe('a gate file', () => {
  const metrics = ['exactMatch', 'suite.pattern'];

  it('has one bar or several', () => {
    expect(parseGate('{"metric":"exactMatch","atLeast":0.9}', 'g.json', metrics)).toEqual([atLeast(0.9)]);
    expect(parseGate('[{"metric":"suite.pattern","atMost":0}]', 'g.json', metrics)).toEqual([
      { metric: 'suite.pattern', atMost: 0 },
    ]);
  });

  it.each([
    ['{', /not JSON/],
    ['[]', /no bar/],
    ['{"metric":"exactMatch"}', /neither "atLeast" nor "atMost"/],
    ['{"metric":"exactMatch","atLeast":0.9,"atMost":1}', /one of them/],
    ['{"metric":"exactMatch","atLeast":90}', /90/],
    ['{"metric":"accuracy","atLeast":0.9}', /"accuracy", wanted exactMatch, suite\.pattern/],
    ['{"metric":"exactMatch","atLeast":0.9,"margin":1}', /margin/],
    ['7', /7/],
  ])('%s is refused', (text, reason) => {
    expect(() => parseGate(text, 'g.json', metrics)).toThrow(reason);
  });
});
