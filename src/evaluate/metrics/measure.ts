import { bootstrap, wilson, type BootstrapOptions, type Interval } from '../statistics.ts';
import { METRIC_NAMES, METRICS, type MetricName } from './index.ts';
import type { Judged, Metric } from './metric.ts';

/** A metric of some rows with what it may be at 95 %. */
export interface Measure extends Interval {
  readonly value: number;
  /** Rows that say something about it. */
  readonly rows: number;
  readonly interval: 'wilson' | 'bootstrap';
}

/** Adds up the numbers of the rows with these indexes. */
function sumsOf(parts: readonly (readonly number[])[], indexes: Iterable<number>): number[] {
  const sums = new Array<number>(parts[0]?.length ?? 0).fill(0);
  for (const index of indexes) for (const [i, part] of (parts[index] ?? []).entries()) sums[i] = (sums[i] ?? 0) + part;
  return sums;
}

/**
 * A metric with its interval: Wilson's where every row is plainly right or wrong, else by bootstrap.
 * @returns undefined where no row says anything about it
 */
export function measure(metric: Metric, rows: readonly Judged[], options: BootstrapOptions = {}): Measure | undefined {
  const parts = rows.flatMap((row) => {
    const part = metric.of(row);
    return part === undefined ? [] : [part];
  });
  if (parts.length === 0) return undefined;
  const valueOf = (indexes: Iterable<number>): number => metric.value(sumsOf(parts, indexes));
  const value = valueOf(parts.keys());
  const each = parts.map((part) => metric.value(part));
  const right = each.filter((score) => score === 1).length;
  // Of a metric that weighs rows by their length only where none or all are right.
  const isRate = each.every((score) => score === 0 || score === 1) && value === right / parts.length;
  const interval = isRate ? wilson(right, parts.length) : bootstrap(parts.length, valueOf, options);
  return { value, ...interval, rows: parts.length, interval: isRate ? 'wilson' : 'bootstrap' };
}

/** Metrics by name; those that no row says anything about are absent. */
export type Measures = Readonly<Partial<Record<MetricName, Measure>>>;

/** Every metric of some rows. */
export function measureAll(rows: readonly Judged[]): Measures {
  return Object.fromEntries(
    METRIC_NAMES.flatMap((name) => {
      const measured = measure(METRICS[name], rows);
      return measured === undefined ? [] : [[name, measured]];
    }),
  );
}

/** How much better one way of answering is than another on the same rows. */
export interface Difference extends Interval {
  /** Of the second over the first: above 0 the second is better. */
  readonly value: number;
  readonly rows: number;
}

/**
 * The difference of two ways to answer the same rows, by paired bootstrap: each drawn row counts with both its answers.
 * @returns undefined where no row says anything about the metric
 */
export function compare(
  metric: Metric,
  first: readonly Judged[],
  second: readonly Judged[],
  options: BootstrapOptions = {},
): Difference | undefined {
  const pairs = first.flatMap((row, i) => {
    const other = second[i];
    const [a, b] = [metric.of(row), other && metric.of(other)];
    return a === undefined || b === undefined ? [] : [{ a, b }];
  });
  if (pairs.length === 0) return undefined;
  const [ofFirst, ofSecond] = [pairs.map(({ a }) => a), pairs.map(({ b }) => b)];
  const difference = (indexes: readonly number[] | Uint32Array): number =>
    metric.value(sumsOf(ofSecond, indexes)) - metric.value(sumsOf(ofFirst, indexes));
  const interval = bootstrap(pairs.length, difference, options);
  return { value: difference([...pairs.keys()]), ...interval, rows: pairs.length };
}
