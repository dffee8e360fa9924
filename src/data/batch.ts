import { WebLoraError } from '../errors.ts';
import { IGNORED_LABEL } from './rows.ts';
import type { Example } from './rows.ts';

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
export function makeMicroBatch(examples: readonly Pick<Example, 'ids' | 'labels'>[]): MicroBatch {
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
