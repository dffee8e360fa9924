import type { Measure } from '../metrics/measure.ts';
import { judgeBar, type Bar } from '../report/gate.ts';
import type { SuiteResult, WrongAnswer } from '../report/report.ts';
import { wilson } from '../statistics.ts';
import type { Suite } from './suite.ts';

/** Wrong answers that are listed. */
const LISTED = 10;

/** A share of rows that pass, with Wilson's interval. */
function measureRate(passed: readonly boolean[]): Measure {
  const right = passed.filter(Boolean).length;
  return { value: right / passed.length, ...wilson(right, passed.length), rows: passed.length, interval: 'wilson' };
}

/** What a bundled suite says, with its numbers and what is usually asked of it. */
export function suiteResult(
  { name, label }: Suite,
  found: {
    /** For each of its numbers which rows pass. */
    readonly passed: ReadonlyMap<string, readonly boolean[]>;
    readonly usual: Bar;
    readonly sentence: string;
    readonly wrong: readonly WrongAnswer[];
  },
): SuiteResult {
  const { passed, usual, sentence, wrong } = found;
  const scores = Object.fromEntries([...passed].map(([metric, rows]) => [metric, measureRate(rows)]));
  return {
    name,
    label,
    sentence,
    scores,
    usual: judgeBar(usual, scores[usual.metric], label),
    wrong: wrong.slice(0, LISTED),
  };
}
