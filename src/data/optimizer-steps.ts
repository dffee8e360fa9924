import { WebLoraError } from '../errors.ts';
import { Pcg32, shuffledIndexes } from './random.ts';

export interface StepOptions {
  readonly rowCount: number;
  /** Sequences of a micro-batch; with packing, packed sequences. */
  readonly batchSize: number;
  /** Micro-batches of an optimizer step. */
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

/** The rows of one optimizer step. */
export interface OptimizerStep {
  readonly index: number;
  /** Row indexes of each micro-batch, in order. */
  readonly microBatches: readonly (readonly number[])[];
  /** Passes over the data when this step is done, as a fraction. */
  readonly epoch: number;
}

export interface StepPlan {
  /** Steps in all. */
  readonly count: number;
  /** The steps from index `first` on; the same plan gives the same ones, however often it is asked. */
  from(first: number): Iterable<OptimizerStep>;
}

/** The order of the rows in one pass. */
function epochOrder({ rowCount, shuffle, seed }: StepOptions, epoch: number): Uint32Array {
  if (!shuffle) return Uint32Array.from({ length: rowCount }, (_, i) => i);
  return shuffledIndexes(rowCount, new Pcg32(seed, epoch));
}

function* rowsForever(options: StepOptions): Generator<number> {
  for (let epoch = 0; ; epoch++) yield* epochOrder(options, epoch);
}

/** Rows grouped into sequences: one each, or as many as fit in the order they come. */
function* sequencesOf(rows: Iterable<number>, { packing, lengths, seqLen }: StepOptions): Generator<number[]> {
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

function* stepsOver(rows: Iterable<number>, options: StepOptions): Generator<number[][]> {
  const sequences = sequencesOf(rows, options);
  for (const step of groupsOf(groupsOf(sequences, options.batchSize), options.accumulate)) {
    yield step.map((sequencesOfBatch) => sequencesOfBatch.flat());
  }
}

/** With steps the rows go round and round and a step may straddle epochs; with epochs each begins a new step. */
function* allSteps(options: StepOptions): Generator<OptimizerStep> {
  const { rowCount, steps, epochs = 0 } = options;
  let index = 0;
  let rowsSoFar = 0;
  const next = (microBatches: number[][]): OptimizerStep => {
    rowsSoFar += microBatches.reduce((sum, rows) => sum + rows.length, 0);
    return { index: index++, microBatches, epoch: rowsSoFar / rowCount };
  };
  if (steps !== undefined) {
    for (const microBatches of stepsOver(rowsForever(options), options)) {
      yield next(microBatches);
      if (index >= steps) return;
    }
  }
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (const microBatches of stepsOver(epochOrder(options, epoch), options)) yield next(microBatches);
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
export function countSequences(options: Omit<StepOptions, 'batchSize' | 'accumulate' | 'steps' | 'epochs'>): number {
  if (!options.packing) return options.rowCount;
  const whole = { ...options, batchSize: 1, accumulate: 1 };
  return count(sequencesOf(epochOrder(whole, 0), whole));
}

/**
 * Lays out the rows of a whole run: deterministic in the options, so that a position is only a number.
 * @throws WebLoraError 'internal' unless there are rows, sizes are positive and either steps or epochs is given
 */
export function planOptimizerSteps(options: StepOptions): StepPlan {
  const { rowCount, batchSize, accumulate, steps, epochs, packing } = options;
  const length = steps ?? epochs;
  const isSized = [rowCount, batchSize, accumulate, length].every(
    (n) => n !== undefined && Number.isInteger(n) && n >= 1,
  );
  if (!isSized || (steps !== undefined && epochs !== undefined)) {
    throw new WebLoraError('internal', 'planOptimizerSteps: options', {
      got: JSON.stringify({ rowCount, batchSize, accumulate, steps, epochs }),
      wanted: 'positive whole numbers and either steps or epochs',
    });
  }
  const perEpoch = Math.ceil(Math.ceil(rowCount / batchSize) / accumulate);
  // A shuffled epoch packs differently from the next: only going through them tells how many steps they make.
  const total = steps ?? (packing ? count(allSteps(options)) : perEpoch * (epochs ?? 0));
  return { count: total, from: (first) => skip(allSteps(options), first) };
}
