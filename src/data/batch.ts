import { WebLoraError } from '../errors.ts';
import { IGNORED_LABEL } from './rows.ts';
import type { Example } from './rows.ts';

/** Tokens with their labels: position t's logits are scored against labels[t + 1]. */
export type Sequence = Pick<Example, 'ids' | 'labels'>;

/** The sequences of one forward pass, laid end to end: N flat rows and no [B, T] rectangle. */
export interface MicroBatch {
  readonly rows: number; // N
  readonly tokens: Uint32Array; // [N]
  /** [N], restarting at 0 with each sequence. */
  readonly positions: Uint32Array;
  /** [N * 2]: first row of my sequence, one past the last row of my sequence. */
  readonly bounds: Uint32Array;
  /** [M]: rows whose logits are scored, ascending. */
  readonly lossRows: Uint32Array;
  /** [M]: the token that each of them should predict. */
  readonly lossLabels: Uint32Array;
}

/**
 * Lays examples end to end. Row t is scored against its own sequence's label t + 1; a sequence's last row never is.
 * @throws WebLoraError 'internal' without examples or with an empty one
 */
export function makeMicroBatch(examples: readonly Sequence[]): MicroBatch {
  const rows = examples.reduce((sum, example) => sum + example.ids.length, 0);
  if (examples.length === 0 || examples.some((example) => example.ids.length === 0)) {
    throw new WebLoraError('internal', 'makeMicroBatch: examples', {
      got: examples.length === 0 ? 'none' : 'an empty one',
      wanted: 'at least one, each with tokens',
    });
  }
  const tokens = new Uint32Array(rows);
  const positions = new Uint32Array(rows);
  const bounds = new Uint32Array(rows * 2);
  const lossRows: number[] = [];
  const lossLabels: number[] = [];
  let first = 0;
  for (const { ids, labels } of examples) {
    tokens.set(ids, first);
    for (let t = 0; t < ids.length; t++) {
      positions[first + t] = t;
      bounds[(first + t) * 2] = first;
      bounds[(first + t) * 2 + 1] = first + ids.length;
      const label = labels[t + 1] ?? IGNORED_LABEL;
      if (label !== IGNORED_LABEL && t + 1 < ids.length) {
        lossRows.push(first + t);
        lossLabels.push(label);
      }
    }
    first += ids.length;
  }
  return {
    rows,
    tokens,
    positions,
    bounds,
    lossRows: Uint32Array.from(lossRows),
    lossLabels: Uint32Array.from(lossLabels),
  };
}

/** Scored tokens of a sequence: what it adds to `lossRows`. */
export function countScored({ ids, labels }: Sequence): number {
  let count = 0;
  for (let t = 1; t < ids.length; t++) if ((labels[t] ?? IGNORED_LABEL) !== IGNORED_LABEL) count++;
  return count;
}

/**
 * The sum of the losses of each sequence.
 * @param losses of the scored tokens of all sequences, one after the other, in nats
 */
export function lossOfEach(losses: Float32Array, sequences: readonly Sequence[]): number[] {
  let from = 0;
  return sequences.map((sequence) =>
    losses.subarray(from, (from += countScored(sequence))).reduce((sum, loss) => sum + loss, 0),
  );
}

/**
 * Joins neighbouring groups of rows as far as `maxTokens` hold them: one long pass is faster than several short ones. A
 * group is never taken apart, so one that is longer stays alone.
 * @param lengthOf tokens of a row
 */
export function joinGroups<Row>(
  groups: Iterable<readonly Row[]>,
  lengthOf: (row: Row) => number,
  maxTokens: number,
): Row[][] {
  const joined: Row[][] = [];
  let used = Number.POSITIVE_INFINITY;
  for (const rows of groups) {
    const length = rows.reduce((sum, row) => sum + lengthOf(row), 0);
    const last = joined.at(-1);
    if (last !== undefined && used + length <= maxTokens) {
      last.push(...rows);
      used += length;
    } else {
      joined.push([...rows]);
      used = length;
    }
  }
  return joined;
}

const SMALL_BUCKETS = [32, 48, 64, 80, 96, 128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768, 1024];
const LARGE_BUCKET_STEP = 512;

/** The row count a plan is made for: a few sizes, so that a run needs a few plans. */
export function bucketRows(rows: number): number {
  return SMALL_BUCKETS.find((bucket) => bucket >= rows) ?? Math.ceil(rows / LARGE_BUCKET_STEP) * LARGE_BUCKET_STEP;
}

/** Fills a batch up to `rows` with rows that see only themselves and are never scored. */
export function padMicroBatch(batch: MicroBatch, rows: number): MicroBatch {
  if (rows === batch.rows) return batch;
  if (rows < batch.rows) {
    throw new WebLoraError('internal', 'padMicroBatch: rows', { got: rows, wanted: `at least ${batch.rows}` });
  }
  const tokens = new Uint32Array(rows);
  const positions = new Uint32Array(rows);
  const bounds = new Uint32Array(rows * 2);
  tokens.set(batch.tokens);
  positions.set(batch.positions);
  bounds.set(batch.bounds);
  for (let row = batch.rows; row < rows; row++) {
    bounds[row * 2] = row;
    bounds[row * 2 + 1] = row + 1;
  }
  return { rows, tokens, positions, bounds, lossRows: batch.lossRows, lossLabels: batch.lossLabels };
}
