import type { Prediction } from './evaluate.ts';
import { METRICS } from './metrics/index.ts';
import { isExactMatch } from './metrics/exact-match.ts';
import { compare, measure, type Difference, type Measure } from './metrics/measure.ts';
import { MIN_ROWS } from './report/gate.ts';

/** An answer that is another one than before. */
export interface ChangedAnswer {
  readonly prompt: string;
  readonly expected: string;
  readonly first: string;
  readonly second: string;
  /** Whether it is right now, was right before, or neither has changed. */
  readonly change: 'gained' | 'lost' | 'other';
}

/** Two ways to answer the same rows. */
export interface SideBySide {
  /** Exact answers; where neither gave any, the words they share with the expected ones. */
  readonly metric: 'exactMatch' | 'tokenF1';
  readonly rows: number;
  readonly first: Measure;
  readonly second: Measure;
  /** Of the second over the first, paired. */
  readonly difference: Difference;
  /** Of the second: the interval decides, and under 30 rows nothing does. */
  readonly verdict: 'better' | 'worse' | 'unclear' | 'too-few';
  /** Those that are right now and those that are not any more first. */
  readonly changed: readonly ChangedAnswer[];
}

const ORDER = ['lost', 'gained', 'other'] as const;

/**
 * Holds two models' answers to the same rows against each other.
 * @param second of the same rows in the same order
 * @returns undefined where no row has an expected answer
 */
export function sideBySide(first: readonly Prediction[], second: readonly Prediction[]): SideBySide | undefined {
  const isRight = ({ got, expected }: Prediction): boolean => isExactMatch(got, expected);
  const metric = [...first, ...second].some(isRight) ? 'exactMatch' : 'tokenF1';
  const measured = [measure(METRICS[metric], first), measure(METRICS[metric], second)];
  const difference = compare(METRICS[metric], first, second);
  const [one, other] = measured;
  if (one === undefined || other === undefined || difference === undefined) return undefined;
  const changed = first.flatMap((before, i): ChangedAnswer[] => {
    const after = second[i];
    if (after === undefined || after.got.trim() === before.got.trim()) return [];
    const [was, is] = [isRight(before), isRight(after)];
    const { prompt, expected } = before;
    const change = was === is ? 'other' : is ? 'gained' : 'lost';
    return [{ prompt, expected, first: before.got, second: after.got, change }];
  });
  return {
    metric,
    rows: difference.rows,
    first: one,
    second: other,
    difference,
    verdict: verdictOf(difference),
    changed: changed.sort((a, b) => ORDER.indexOf(a.change) - ORDER.indexOf(b.change)),
  };
}

function verdictOf({ rows, low, high }: Difference): SideBySide['verdict'] {
  if (rows < MIN_ROWS) return 'too-few';
  if (low > 0) return 'better';
  return high < 0 ? 'worse' : 'unclear';
}
