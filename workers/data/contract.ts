import type { CheckProgress } from '../../src/data/check/check.ts';
import type { FindingKind, Severity } from '../../src/data/check/finding.ts';
import type { Remedy } from '../../src/data/check/mend.ts';
import type { ReadOptions } from '../../src/data/read-rows.ts';
import type { FileNote, RowProblem } from '../../src/data/rows.ts';
import type { TableFacts } from '../../src/data/table-rows.ts';
import type { Dataset, Result } from '../engine/contract.ts';

/** An example as a page shows it. */
export interface ShownRow {
  /** Its place among the usable rows, from 0. */
  readonly index: number;
  /** Its line in the file, from 1. */
  readonly line: number;
  readonly question: string;
  readonly answer: string;
  /** Whether question and answer are all there is to it, so that they can be edited. */
  readonly isPair: boolean;
}

/** What is known of the open set without its rows. */
export interface SetFacts {
  readonly name: string;
  readonly rowCount: number;
  readonly problemCount: number;
  /** The first of the rows that cannot be used. */
  readonly problems: readonly RowProblem[];
  /** How the file was read, where there was something to find out, and what of its rows is not used. */
  readonly notes: readonly FileNote[];
  /** Characters of question and answer together. */
  readonly medianLength: number;
  readonly longestLength: number;
  readonly longestLine: number;
  readonly first: readonly ShownRow[];
}

export type OpenedFile =
  | { readonly kind: 'ready'; readonly facts: SetFacts }
  /** A table whose columns only a person can tell apart. */
  | { readonly kind: 'columns'; readonly table: TableFacts };

/** The open set as plain data, to be persisted over a reload. */
export interface SetSnapshot {
  readonly name: string;
  /** The rows as JSONL, each on the line it had. */
  readonly bytes: Uint8Array;
  readonly problems: readonly RowProblem[];
  readonly notes: readonly FileNote[];
  /** Lines of rows that are never held out. */
  readonly neverHeld?: readonly number[];
}

/** Rows that are found together, by their lines; the counts are of all of them, the lines may be the first only. */
export interface FoundGroup {
  readonly lines: readonly number[];
  /** The same rows by their place in the open set, from 1, as a table of them shows it: a header is no row. */
  readonly numbers: readonly number[];
  readonly rowCount: number;
  /** Of the rows held out, where the finding is about both parts. */
  readonly evalLines?: readonly number[];
  readonly evalNumbers?: readonly number[];
  readonly evalCount?: number;
  /** Whether these are rows that could not be read, which `SetFacts.problems` tells of. */
  readonly isUnreadable: boolean;
}

/** What was found of one kind. */
export interface FoundKind {
  readonly kind: FindingKind;
  /** Of the gravest group. */
  readonly severity: Severity;
  readonly rowCount: number;
  readonly groupCount: number;
  readonly groups: readonly FoundGroup[];
}

/** What `weblora data check` finds in the open set. */
export interface SetFindings {
  readonly rows: number;
  /** The gravest first. */
  readonly kinds: readonly FoundKind[];
}

/** A row with what was found in its texts. */
export interface FoundRow extends ShownRow {
  readonly found: readonly string[];
}

/** What a run is given. */
export interface TrainingSet {
  readonly data: Dataset;
  /** Rows held out of training; absent where there are too few. */
  readonly heldOut?: Dataset;
  /** The share that `heldOut` is of all rows. */
  readonly heldOutShare: number;
  readonly trainCount: number;
  readonly heldOutRows: readonly ShownRow[];
}

export type SetFix =
  /** Forgets the rows that cannot be read. */
  | { readonly fix: 'unusable' }
  /** What `mend` does about all findings of a kind; held-out rows that leak are moved to the training rows instead. */
  | { readonly fix: 'mend'; readonly kind: FindingKind; readonly remedy: Remedy }
  /** Of rows that contradict each other the one that is right. */
  | { readonly fix: 'keep'; readonly line: number; readonly insteadOf: readonly number[] };

export type SetEdit =
  | { readonly kind: 'change'; readonly index: number; readonly question: string; readonly answer: string }
  | { readonly kind: 'remove'; readonly index: number }
  | { readonly kind: 'add'; readonly rows: readonly { readonly question: string; readonly answer: string }[] };

/**
 * The border between a page and the thread that holds its examples: plain data, failures as values with a code.
 * One set is open at a time; the page sees a few of its rows and never all of them.
 */
export interface DataApi {
  /** Reads a file and, where its columns are clear, makes it the open set. */
  openFile(file: Dataset, options: ReadOptions): Promise<Result<OpenedFile>>;
  /** Opens rows that were persisted earlier; `name` and no bytes for an empty one. */
  openSnapshot(snapshot: SetSnapshot): Promise<Result<SetFacts>>;
  snapshot(): Promise<Result<SetSnapshot>>;
  rows(from: number, count: number): Promise<Result<readonly ShownRow[]>>;
  /** One row as a file of its own, on the line it has in the open set's. */
  rowFile(index: number): Promise<Result<Dataset>>;
  /**
   * Looks through the open set for what `weblora data check` finds. A second call, or a change of the set, ends the first
   * with `aborted`.
   * @param heldOut rows held out that are no part of the set; else those that `trainingSet` would keep back
   */
  check(
    heldOut: Dataset | undefined,
    keepsBack: boolean | undefined,
    onProgress: (progress: CheckProgress) => void,
  ): Promise<Result<SetFindings>>;
  stopCheck(): Promise<Result<null>>;
  /** The places of rows in the open set, from 1, by their lines; a line without a usable row has none. */
  numbersOf(lines: readonly number[]): Promise<Result<readonly number[]>>;
  /** Rows of the set by their lines, with what of a kind was found in them. */
  foundRows(kind: FindingKind, lines: readonly number[]): Promise<Result<readonly FoundRow[]>>;
  /** `internal` for findings of a set that has changed since they were made. */
  fix(what: SetFix): Promise<Result<SetFacts>>;
  edit(edit: SetEdit): Promise<Result<SetFacts>>;
  /**
   * The open set for a run: `heldOut` is given, or a part of the rows is kept back as `keepsBack` says; by default where
   * there are 40 or more.
   */
  trainingSet(heldOut?: Dataset, keepsBack?: boolean): Promise<Result<TrainingSet>>;
}
