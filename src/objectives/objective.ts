import type { ChatTokenizer } from '../../models/tokenizer/chat-tokenizer.ts';
import type { Sequence } from '../data/batch.ts';
import type { PreparedExamples, PrepareOptions } from '../data/prepare.ts';
import type { DataRow } from '../data/rows.ts';

/** What every objective's rows have in common. */
export interface TrainingRow {
  /** In its file, from 1. */
  readonly line: number;
}

/** The rows of a data file in the form that an objective trains on, and what there is to say of the others. */
export interface PreparedRows<Row> extends Omit<PreparedExamples, 'examples'> {
  readonly rows: Row[];
}

/** The rows of one forward pass. Their sequences lie one after another in its batch, row by row. */
export interface Pass<Row> {
  readonly rows: readonly Row[];
  /**
   * Of an objective with `needsReference`: for each row, the sum of each of its sequences' losses, in nats, under the
   * model as it was before the run with its adapter off. Otherwise empty.
   */
  readonly reference: readonly (readonly number[])[];
}

/** A forward pass and what it computed. */
export interface ScoredPass<Row> extends Pass<Row> {
  /** [M] loss of each scored token in nats, in the order of the batch. */
  readonly nll: Float32Array;
}

/**
 * The gradient that enters the loss head: for each scored token of a pass, the derivative by its loss of the sum of the
 * pass's row losses, not yet divided by the denominator of the optimizer step. [M], in the order of the batch.
 *
 * `labels`: known before the forward pass, so that a whole optimizer step is queued without waiting. `losses`: depends on
 * what the forward pass computed, which the host reads before it queues the backward pass.
 */
export type LossGradient<Row> =
  | { readonly from: 'labels'; of(pass: Pass<Row>): Float32Array }
  | { readonly from: 'losses'; of(pass: ScoredPass<Row>): Float32Array };

/** What an optimizer step or an evaluation reports. */
export interface ObjectiveReport {
  /** The mean that is minimised. */
  readonly loss: number;
  /** Further means under the names that the field uses for them, such as `rewards/margins`. */
  readonly metrics?: Readonly<Record<string, number>>;
}

/**
 * What a run minimises. The loss of an optimizer step is the sum of its rows' losses, each a function of the losses of the
 * row's scored tokens, divided by the sum of the rows' weights. A row stays whole: all its sequences are in one forward
 * pass, and so in one optimizer step.
 */
export interface Objective<Row extends TrainingRow = TrainingRow> {
  readonly name: string;
  /** Sequences that a row has at most: the plan of a run makes room for all of them in one pass. */
  readonly sequencesPerRow: number;
  /** Whether it compares with the model before the run: computed once per row, and kept with the run. */
  readonly needsReference: boolean;
  readonly gradient: LossGradient<Row>;
  /**
   * Makes rows of what a data file holds.
   * @throws `context` when `seqLen` is longer than the model's context, `config` when it is too short to train on
   */
  prepare(rows: readonly DataRow[], tokenizer: ChatTokenizer, options: PrepareOptions): PreparedRows<Row>;
  sequencesOf(row: Row): readonly Sequence[];
  /** What the row adds to the denominator of its optimizer step. */
  weightOf(row: Row): number;
  /** @param denominator the sum of the weights of all rows of `passes` */
  report(passes: readonly ScoredPass<Row>[], denominator: number): ObjectiveReport;
}
