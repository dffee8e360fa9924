import { countScored, joinGroups, makeMicroBatch, type MicroBatch, type Sequence } from '../data/batch.ts';
import type { OptimizerStep } from '../data/optimizer-steps.ts';
import { WebLoraError } from '../errors.ts';
import type { Objective, Pass, TrainingRow } from '../objectives/objective.ts';

export type RowSet = 'train' | 'evaluation';

/**
 * For each row of a set, the sum of each of its sequences' losses under the model before the run; then that of the sequence
 * that its objective's shared term reads, where there is one.
 */
export type Reference = Readonly<Record<RowSet, readonly (readonly number[])[]>>;

/** A forward pass that is to be run. */
export interface PreparedPass {
  readonly pass: Pass<TrainingRow>;
  readonly batch: MicroBatch;
  /** What its rows add to the denominator of their optimizer step. */
  readonly weight: number;
}

export interface PassSize {
  readonly rows: number;
  readonly labelled: number;
}

/**
 * A run's rows as forward passes. Neighbouring micro-batches of an optimizer step share a pass where the plan is large enough for
 * them: gradients are sums over rows, so the result is the same. So do the rows of an evaluation.
 */
export class RunPasses {
  readonly objective: Objective;
  readonly #rows: Readonly<Record<RowSet, readonly TrainingRow[]>>;
  readonly #sizes: Readonly<Record<RowSet, readonly PassSize[]>>;
  /** Of the sequences that the shared term reads. */
  readonly #sharedSizes: Readonly<Record<RowSet, readonly PassSize[]>>;
  readonly #maxTokens: number;
  /** Set once it is known, by an objective that needs it. */
  reference: Reference | undefined;

  /** @param maxTokens that a pass is planned for */
  constructor(objective: Objective, rows: Readonly<Record<RowSet, readonly TrainingRow[]>>, maxTokens: number) {
    this.objective = objective;
    this.#rows = rows;
    const sizesOf = (set: readonly TrainingRow[]): PassSize[] => set.map((row) => sizeOf(objective, row));
    this.#sizes = { train: sizesOf(rows.train), evaluation: sizesOf(rows.evaluation) };
    const sharedSizesOf = (set: readonly TrainingRow[]): PassSize[] =>
      set.map((row) => sizeOfAll(sharedSequence(objective, row)));
    this.#sharedSizes = { train: sharedSizesOf(rows.train), evaluation: sharedSizesOf(rows.evaluation) };
    this.#maxTokens = maxTokens;
  }

  /** Tokens of a training row. */
  tokensOf(row: number): number {
    return this.#sizes.train[row]?.rows ?? 0;
  }

  /** The forward passes of an optimizer step, one micro-step each. @param shared the step's shared term */
  *ofStep(step: OptimizerStep, shared = 0): Generator<PreparedPass> {
    for (const rows of this.#groups('train', step.microBatches)) yield this.#prepare('train', rows, shared);
  }

  /** The forward passes that go through all rows of a set once. */
  *through(set: RowSet, shared = 0): Generator<PreparedPass & { readonly indexes: readonly number[] }> {
    for (const indexes of this.#groups(set, eachAlone(this.#rows[set])))
      yield { ...this.#prepare(set, indexes, shared), indexes };
  }

  /** The forward passes over what the shared term reads of some rows; without such a term there are none. */
  *ofSharedTerm(
    set: RowSet,
    rows: Iterable<number> = this.#rows[set].keys(),
  ): Generator<{ readonly batch: MicroBatch; readonly sequences: readonly SharedSequence[] }> {
    for (const indexes of this.#sharedGroups(set, rows)) {
      const sequences = indexes.flatMap((index) => {
        const row = this.#rows[set][index];
        return (row === undefined ? [] : sharedSequence(this.objective, row)).map((sequence) => ({
          index,
          sequence,
          reference: this.reference?.[set][index]?.at(-1) ?? 0,
        }));
      });
      yield { batch: makeMicroBatch(sequences.map(({ sequence }) => sequence)), sequences };
    }
  }

  sizesOfStep(step: OptimizerStep): PassSize[] {
    return this.#groups('train', step.microBatches).map((rows) => this.#sum('train', rows));
  }

  sharedSizes(set: RowSet, rows: Iterable<number> = this.#rows[set].keys()): PassSize[] {
    return this.#sharedGroups(set, rows).map((indexes) => sumSizes(indexes.map((i) => this.#sharedSizes[set][i])));
  }

  #sharedGroups(set: RowSet, rows: Iterable<number>): number[][] {
    const sizes = this.#sharedSizes[set];
    const scored = [...rows].filter((row) => (sizes[row]?.labelled ?? 0) > 0);
    return joinGroups(
      scored.map((row) => [row]),
      (row) => sizes[row]?.rows ?? 0,
      this.#maxTokens,
    );
  }

  sizesThrough(set: RowSet): PassSize[] {
    return this.#groups(set, eachAlone(this.#rows[set])).map((rows) => this.#sum(set, rows));
  }

  #groups(set: RowSet, groups: Iterable<readonly number[]>): number[][] {
    return joinGroups(groups, (row) => this.#sizes[set][row]?.rows ?? 0, this.#maxTokens);
  }

  #sum(set: RowSet, rows: readonly number[]): PassSize {
    return sumSizes(rows.map((row) => this.#sizes[set][row]));
  }

  #prepare(set: RowSet, indexes: readonly number[], shared: number): PreparedPass {
    const { objective, reference } = this;
    const rows = indexes.map((index) => {
      const row = this.#rows[set][index];
      if (row === undefined) throw new WebLoraError('internal', `no row ${index} for ${set}`);
      return row;
    });
    return {
      pass: {
        rows,
        reference: reference === undefined ? [] : indexes.map((index) => reference[set][index] ?? []),
        shared,
      },
      batch: makeMicroBatch(rows.flatMap((row) => objective.sequencesOf(row))),
      weight: rows.reduce((sum, row) => sum + objective.weightOf(row), 0),
    };
  }
}

/** A sequence that the shared term reads. */
export interface SharedSequence {
  /** Of its row, in the set. */
  readonly index: number;
  readonly sequence: Sequence;
  /** The sum of its losses under the reference, in nats. */
  readonly reference: number;
}

function sharedSequence(objective: Objective, row: TrainingRow): readonly Sequence[] {
  const sequence = objective.sharedTerm?.sequenceOf(row);
  return sequence === undefined ? [] : [sequence];
}

function sizeOf(objective: Objective, row: TrainingRow): PassSize {
  return sizeOfAll(objective.sequencesOf(row));
}

function sumSizes(sizes: readonly (PassSize | undefined)[]): PassSize {
  return {
    rows: sizes.reduce((sum, size) => sum + (size?.rows ?? 0), 0),
    labelled: sizes.reduce((sum, size) => sum + (size?.labelled ?? 0), 0),
  };
}

function sizeOfAll(sequences: readonly Sequence[]): PassSize {
  return {
    rows: sequences.reduce((sum, { ids }) => sum + ids.length, 0),
    labelled: sequences.reduce((sum, sequence) => sum + countScored(sequence), 0),
  };
}

function eachAlone(rows: readonly unknown[]): number[][] {
  return Array.from(rows, (_, index) => [index]);
}
