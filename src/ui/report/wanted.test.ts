import { describe, expect, it } from 'vitest';
import { METRIC_NAMES } from '../../evaluate/metrics/index.ts';
import { parseGate } from '../../evaluate/report/gate.ts';
import { BAR_METRICS, SUITES } from '../../evaluate/suites/index.ts';
import { LANGUAGES } from '../messages/language.ts';
import { BAR_KINDS, gateOf, readBar, USUAL_BAR, writeBar } from './wanted.ts';

describe('what is wanted of a run', () => {
  it('is what a gate file may ask for', () => {
    for (const kind of BAR_KINDS) {
      for (const noneInvented of [true, false]) {
        const gate = gateOf({ kind, percent: 90, noneInvented });
        if (kind === 'usual') {
          expect(gate).toBeUndefined();
          continue;
        }
        const bars = parseGate(JSON.stringify(gate), 'bar', BAR_METRICS);
        expect(bars[0]).toEqual({ metric: kind, atLeast: 0.9 });
        expect(bars).toHaveLength(noneInvented ? 2 : 1);
      }
    }
  });

  it('is read as it was written, and the usual where that is damaged', () => {
    const bar = { kind: 'tokenF1', percent: 75, noneInvented: true } as const;
    expect(readBar(writeBar(bar))).toEqual(bar);
    for (const text of ['', 'exactMatch', 'exactMatch 0 1', 'exactMatch 101 1', 'other 90 0'])
      expect(readBar(text)).toEqual(USUAL_BAR);
  });
});

it.each(Object.entries(LANGUAGES))('every metric and suite of a report has its words in %s', (_code, { messages }) => {
  expect(Object.keys(messages.report.metrics)).toEqual(METRIC_NAMES);
  expect(Object.keys(messages.report.suites)).toEqual(SUITES.map(({ name }) => name));
});
