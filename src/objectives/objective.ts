import type { ChatTokenizer } from '../../models/tokenizer/chat-tokenizer.ts';
import type { PreparedExamples, PrepareOptions } from '../data/prepare.ts';
import type { DataRow, Example, RowKind } from '../data/rows.ts';

/** What every objective's rows have in common. */
export interface TrainingRow {
  /** In its file, from 1. */
  readonly line: number;
  /** Of a row whose answer is said to be good or bad. */
  readonly label?: boolean;
}

/** What a person sets of an objective; each reads some of them. */
export interface ObjectiveSettings {
  /** How far the model may move from where it starts, or how much the preference counts: see each objective. */
  readonly beta: number;
  /** Share of the labels that are taken to be wrong. */
  readonly labelSmoothing: number;
  /** SimPO's margin between the two rewards. */
  readonly simpoGamma: number;
  /** KTO's weights of good and bad answers. */
  readonly desirableWeight: number;
  readonly undesirableWeight: number;
}

/** One entry of the table of objectives. */
export interface ObjectiveKind<Name extends string = string> {
  /** As `--objective` takes it. */
  readonly name: Name;
  /** The rows that it trains on. */
  readonly rows: RowKind;
  /** The settings that it reads; others have no effect on it and are refused. */
  readonly reads: readonly (keyof ObjectiveSettings)[];
  readonly make: (settings: ObjectiveSettings) => Objective;
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
  /** Of an objective with a `sharedTerm`: that of the optimizer step or evaluation. Otherwise 0. */
  readonly shared: number;
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

/** How rows of a data file become rows of an objective. */
export interface RowSource<Row extends TrainingRow = TrainingRow> {
  /** The rows of a data file that it trains on. */
  readonly rows: RowKind;
  /**
   * Makes rows of what a data file holds, all of them of the kind `rows`.
   * @throws `context` when `seqLen` is longer than the model's context, `config` when it is too short to train on
   */
  prepare(rows: readonly DataRow[], tokenizer: ChatTokenizer, options: PrepareOptions): PreparedRows<Row>;
}

/**
 * What a run minimises. The loss of an optimizer step is the sum of its rows' losses, each a function of the losses of the
 * row's scored tokens, divided by the sum of the rows' weights. A row stays whole: all its sequences are in one forward
 * pass, and so in one optimizer step.
 */
export interface Objective<Row extends TrainingRow = TrainingRow> extends RowSource<Row> {
  readonly name: string;
  /** Sequences that a row has at most: the plan of a run makes room for all of them in one pass. */
  readonly sequencesPerRow: number;
  /** Whether it compares with the model before the run: computed once per row, and kept with the run. */
  readonly needsReference: boolean;
  /** Smoothing of the labels of single tokens. Default 0. */
  readonly labelSmoothing?: number;
  readonly gradient: LossGradient<Row>;
  sequencesOf(row: Row): readonly Example[];
  /** What the sequences of a row are called, where it has more than one. */
  readonly sequenceNames?: readonly string[];
  /** What the row adds to the denominator of its optimizer step. */
  weightOf(row: Row): number;
  /** @param denominator the sum of the weights of all rows of `passes` */
  report(passes: readonly ScoredPass<Row>[], denominator: number): ObjectiveReport;
  /** A number that the losses of all rows of an optimizer step depend on, and no gradient goes through. */
  readonly sharedTerm?: SharedTerm<Row>;
}

/** Computed from sequences of its own before the step's forward passes, without dropout. */
export interface SharedTerm<Row> {
  /** Undefined where the row adds nothing. Under the reference it is computed once, after those of `sequencesOf`. */
  sequenceOf(row: Row): Example | undefined;
  /** @param sums of each sequence's losses in nats, now and under the reference */
  of(sums: readonly { readonly now: number; readonly reference: number }[]): number;
}
