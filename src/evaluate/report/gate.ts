import * as v from 'valibot';
import { WebLoraError } from '../../errors.ts';
import { checkShape, parseJson } from '../../schema.ts';
import type { Measure } from '../metrics/measure.ts';
import { wilson } from '../statistics.ts';

/** A bar that is set before training: what a number must reach, or must not exceed. */
export type Bar = { readonly metric: string } & ({ readonly atLeast: number } | { readonly atMost: number });

export type Verdict = 'ready' | 'not-ready' | 'cannot-tell';

export interface BarResult {
  readonly bar: Bar;
  readonly verdict: Verdict;
  /** Why, in plain words. */
  readonly sentence: string;
  /** Absent where no row says anything about it. */
  readonly measure?: Measure;
  /** Rows with which it could be told, if answers stay as good as these; absent where that is not known. */
  readonly rowsNeeded?: number;
}

/** Fewer rows than this tell nothing. */
export const MIN_ROWS = 30;
/** Nobody writes more rows than this to settle a bar. */
const MOST_ROWS = 10_000;

const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const BAR = v.strictObject({ metric: v.string(), atLeast: v.optional(share), atMost: v.optional(share) });
const WANTED = '{"metric": "exactMatch", "atLeast": 0.9}, or atMost, or a list of such bars; numbers from 0 to 1';

/**
 * Reads a gate file: one bar, or a list of them.
 * @param metrics names that a bar may have
 * @throws `bad-file`
 */
export function parseGate(text: string, name: string, metrics: readonly string[]): readonly Bar[] {
  const of = { what: name, code: 'bad-file', wanted: WANTED, fix: 'correct the file' } as const;
  const value = parseJson(text, of);
  const bars = (Array.isArray(value) ? (value as unknown[]) : [value]).map((one): Bar => {
    const { metric, atLeast, atMost } = checkShape(BAR, one, of);
    if (atLeast !== undefined && atMost === undefined) return { metric, atLeast };
    if (atMost !== undefined && atLeast === undefined) return { metric, atMost };
    const got = atLeast === undefined ? 'neither "atLeast" nor "atMost"' : '"atLeast" and "atMost"';
    throw new WebLoraError('bad-file', `${name}: ${metric}`, { got, wanted: 'one of them', fix: 'correct the file' });
  });
  if (bars.length === 0) throw new WebLoraError('bad-file', name, { got: 'no bar', wanted: WANTED });
  const unknown = bars.find(({ metric }) => !metrics.includes(metric));
  if (unknown !== undefined) {
    throw new WebLoraError('bad-file', `${name}: metric`, {
      got: `"${unknown.metric}"`,
      wanted: metrics.join(', '),
      fix: 'correct the name',
    });
  }
  return bars;
}

const limitOf = (bar: Bar): number => ('atLeast' in bar ? bar.atLeast : bar.atMost);

export const percent = (value: number): string => `${(Math.round(value * 1000) / 10).toString()} %`;

/** `at least 90 %` */
export const describeBar = (bar: Bar): string =>
  `${'atLeast' in bar ? 'at least' : 'at most'} ${percent(limitOf(bar))}`;

function decide(bar: Bar, low: number, high: number): Verdict {
  const limit = limitOf(bar);
  const [passes, misses] = 'atLeast' in bar ? [low >= limit, high < limit] : [high <= limit, low > limit];
  return passes ? 'ready' : misses ? 'not-ready' : 'cannot-tell';
}

/** Rows with which the interval would clear the bar, if the value stays: it narrows with the root of their number. */
export function rowsNeeded(bar: Bar, { value, rows, low, high, interval }: Measure): number | undefined {
  const distance = Math.abs(value - limitOf(bar));
  if (distance === 0) return undefined;
  if (interval === 'bootstrap') {
    const needed = Math.max(MIN_ROWS, Math.ceil(rows * ((high - low) / 2 / distance) ** 2));
    return needed > MOST_ROWS ? undefined : needed;
  }
  for (let n = MIN_ROWS; n <= MOST_ROWS; n += 1) {
    const would = wilson(value * n, n);
    if (decide(bar, would.low, would.high) !== 'cannot-tell') return n;
  }
  return undefined;
}

/**
 * Holds a number against a bar. The interval decides: *ready* where all of it is on the right side, *not-ready* where none is. A
 * bar of all or none is decided by what was seen, since no interval ever reaches it.
 * @param label what the number is called
 */
export function judgeBar(bar: Bar, measure: Measure | undefined, label: string): BarResult {
  const wanted = `wanted: ${describeBar(bar)}`;
  if (measure === undefined) {
    return { bar, verdict: 'cannot-tell', sentence: `${label}: no row says anything about it; ${wanted}.` };
  }
  const { value, low, high, rows } = measure;
  const seen = `${label}: ${percent(value)} of ${rows} ${rows === 1 ? 'row' : 'rows'}`;
  const limit = limitOf(bar);
  const isAbsolute = 'atLeast' in bar ? limit === 1 : limit === 0;
  if (isAbsolute && value !== limit)
    return { bar, verdict: 'not-ready', measure, sentence: `${seen}; ${wanted}, so one that differs is enough.` };
  const missing = rows < MIN_ROWS;
  const verdict = missing ? 'cannot-tell' : isAbsolute ? 'ready' : decide(bar, low, high);
  const range = `${seen}, so between ${percent(low)} and ${percent(high)} of all such rows`;
  if (verdict !== 'cannot-tell') return { bar, verdict, measure, sentence: `${range}; ${wanted}.` };
  const needed = isAbsolute ? MIN_ROWS : rowsNeeded(bar, measure);
  const howMany = needed === undefined ? 'more rows would not settle it soon' : `about ${needed} rows are needed`;
  return {
    bar,
    verdict,
    measure,
    ...(needed !== undefined && { rowsNeeded: needed }),
    sentence: `${range}; ${wanted}. Too few rows to tell: ${howMany}.`,
  };
}

/** Of several bars: one that is missed decides, then one of which nothing can be told. */
export function judgeBars(results: readonly BarResult[]): Verdict {
  const has = (verdict: Verdict): boolean => results.some((result) => result.verdict === verdict);
  return has('not-ready') ? 'not-ready' : has('cannot-tell') || results.length === 0 ? 'cannot-tell' : 'ready';
}
