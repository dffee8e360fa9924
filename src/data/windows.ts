import { WebLoraError } from '../errors.ts';
import { Pcg32, shuffledIndexes } from './random.ts';

export interface WindowOptions {
  readonly rowCount: number;
  /** Sequences of a micro-batch; with packing, packed sequences. */
  readonly batchSize: number;
  /** Micro-batches of a window. */
  readonly accumulate: number;
  /** Exactly one of `steps` and `epochs` is given. */
  readonly steps?: number;
  readonly epochs?: number;
  readonly shuffle: boolean;
  readonly seed: number;
  /** Whether rows are laid end to end until a sequence of `seqLen` tokens is full. */
  readonly packing: boolean;
  /** [rowCount], tokens of each row; read only when packing. */
  readonly lengths: ArrayLike<number>;
  readonly seqLen: number;
}

/** The rows of one update. */
export interface Window {
  readonly index: number;
  /** Row indexes of each micro-batch, in order. */
  readonly microBatches: readonly (readonly number[])[];
  /** Passes over the data when this window is done, as a fraction. */
  readonly epoch: number;
}

/** Where a run is in its data, as a checkpoint keeps it. */
export interface DataPosition {
  /** The next window. */
  readonly window: number;
}

export interface WindowPlan {
  /** Windows in all: the number of updates. */
  readonly count: number;
  /** The windows from a position on; the same plan gives the same ones, however often it is asked. */
  from(position: DataPosition): Iterable<Window>;
}

/** The order of the rows in one pass. */
function epochOrder({ rowCount, shuffle, seed }: WindowOptions, epoch: number): Uint32Array {
  if (!shuffle) return Uint32Array.from({ length: rowCount }, (_, i) => i);
  return shuffledIndexes(rowCount, new Pcg32(seed, epoch));
}

function* rowsForever(options: WindowOptions): Generator<number> {
  for (let epoch = 0; ; epoch++) yield* epochOrder(options, epoch);
}

/** Rows grouped into sequences: one each, or as many as fit in the order they come. */
function* sequencesOf(rows: Iterable<number>, { packing, lengths, seqLen }: WindowOptions): Generator<number[]> {
  let sequence: number[] = [];
  let tokens = 0;
  for (const row of rows) {
    const length = lengths[row] ?? 0;
    if (sequence.length > 0 && (!packing || tokens + length > seqLen)) {
      yield sequence;
      sequence = [];
      tokens = 0;
    }
    sequence.push(row);
    tokens += length;
  }
  if (sequence.length > 0) yield sequence;
}

/** Groups of `size`, the last one possibly short. */
function* groupsOf<T>(items: Iterable<T>, size: number): Generator<T[]> {
  let group: T[] = [];
  for (const item of items) {
    group.push(item);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

function* windowsOver(rows: Iterable<number>, options: WindowOptions): Generator<number[][]> {
  const sequences = sequencesOf(rows, options);
  for (const window of groupsOf(groupsOf(sequences, options.batchSize), options.accumulate)) {
    yield window.map((sequencesOfBatch) => sequencesOfBatch.flat());
  }
}

/** With steps the rows go round and round and a window may straddle epochs; with epochs each begins a new window. */
function* allWindows(options: WindowOptions): Generator<Window> {
  const { rowCount, steps, epochs = 0 } = options;
  let index = 0;
  let rowsSoFar = 0;
  const next = (microBatches: number[][]): Window => {
    rowsSoFar += microBatches.reduce((sum, rows) => sum + rows.length, 0);
    return { index: index++, microBatches, epoch: rowsSoFar / rowCount };
  };
  if (steps !== undefined) {
    for (const microBatches of windowsOver(rowsForever(options), options)) {
      yield next(microBatches);
      if (index >= steps) return;
    }
  }
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (const microBatches of windowsOver(epochOrder(options, epoch), options)) yield next(microBatches);
  }
}

function* skip<T>(items: Iterable<T>, count: number): Generator<T> {
  let skipped = 0;
  for (const item of items) if (skipped++ >= count) yield item;
}

function count<T>(items: Iterable<T>): number {
  let n = 0;
  for (const item of items) if (item !== undefined) n++;
  return n;
}

/** Sequences of the first epoch: what a run's size is reckoned from. */
export function countSequences(options: Omit<WindowOptions, 'batchSize' | 'accumulate' | 'steps' | 'epochs'>): number {
  if (!options.packing) return options.rowCount;
  const whole = { ...options, batchSize: 1, accumulate: 1 };
  return count(sequencesOf(epochOrder(whole, 0), whole));
}

/**
 * Lays out the rows of a whole run: deterministic in the options, so that a position is only a number.
 * @throws WebLoraError 'internal' unless there are rows, sizes are positive and either steps or epochs is given
 */
export function planWindows(options: WindowOptions): WindowPlan {
  const { rowCount, batchSize, accumulate, steps, epochs, packing } = options;
  const length = steps ?? epochs;
  const isSized = [rowCount, batchSize, accumulate, length].every(
    (n) => n !== undefined && Number.isInteger(n) && n >= 1,
  );
  if (!isSized || (steps !== undefined && epochs !== undefined)) {
    throw new WebLoraError('internal', 'planWindows: options', {
      got: JSON.stringify({ rowCount, batchSize, accumulate, steps, epochs }),
      wanted: 'positive whole numbers and either steps or epochs',
    });
  }
  const perEpoch = Math.ceil(Math.ceil(rowCount / batchSize) / accumulate);
  // A shuffled epoch packs differently from the next: only going through them tells how many windows they make.
  const total = steps ?? (packing ? count(allWindows(options)) : perEpoch * (epochs ?? 0));
  return { count: total, from: ({ window }) => skip(allWindows(options), window) };
}
