import { WebLoraError } from '../errors.ts';
import { phrase, setting } from '../phrase.ts';
import { Pcg32, shuffledIndexes } from './random.ts';

/** Stream of the random numbers that choose held-out rows; the epochs' orders use the streams from 0 on. */
const SPLIT_STREAM = 0x5b117;

/** Row indexes in file order; no row is in both. */
export interface Split {
  readonly train: number[];
  readonly held: number[];
}

/**
 * Holds out a part of the rows for evaluation, the same part for the same seed.
 * @param fraction 0 (none) up to but not including 1
 * @throws WebLoraError 'config' for another fraction, 'bad-data' when a part would be empty
 */
export function splitRows(rowCount: number, fraction: number, seed: number): Split {
  if (!(fraction >= 0 && fraction < 1)) {
    throw new WebLoraError('config', setting('evalSplit'), {
      got: fraction,
      wanted: 'a fraction from 0 to below 1',
      fix: 'use 0.1 to hold out every tenth row',
    });
  }
  const all = Array.from({ length: rowCount }, (_, i) => i);
  if (fraction === 0) return { train: all, held: [] };
  if (rowCount < 2) {
    throw new WebLoraError('bad-data', setting('evalSplit'), {
      got: `${rowCount} usable ${rowCount === 1 ? 'row' : 'rows'}`,
      wanted: 'at least 2, one to train on and one to hold out',
      fix: phrase`add rows or use ${setting('evalSplit', 0)}`,
    });
  }
  const heldCount = Math.min(rowCount - 1, Math.max(1, Math.round(rowCount * fraction)));
  const held = new Set(shuffledIndexes(rowCount, new Pcg32(seed, SPLIT_STREAM)).subarray(0, heldCount));
  return { train: all.filter((row) => !held.has(row)), held: all.filter((row) => held.has(row)) };
}
