import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { OpenModel } from '../../models/checkpoint/open-model.ts';
import { readDataRows } from '../data/read-rows.ts';
import { describeNote, describeProblem, gatherNotes, listLines, type RowProblem } from '../data/rows.ts';
import { splitRows } from '../data/split.ts';
import { WebLoraError } from '../errors.ts';
import { phrase, setting, type Phrase } from '../phrase.ts';
import type { Objective, TrainingRow } from '../objectives/objective.ts';
import type { TrainConfig } from './config.ts';
import { DEFAULT_SEQ_LEN } from './settings.ts';

export interface DataFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** The file's own names for the names of the shapes: `{ question: 'Frage' }`; found by their keys where absent. */
  readonly columns?: Readonly<Record<string, string>>;
}

/** What run.json and the model card say of a data file; nothing of its text. */
export interface DataFacts {
  readonly name: string;
  readonly sha256: string;
  readonly rows: number;
  readonly skippedRows: number;
  readonly truncatedRows: number;
}

export interface RunData {
  readonly train: readonly TrainingRow[];
  readonly evaluation: readonly TrainingRow[];
  readonly seqLen: number;
  readonly facts: DataFacts;
  readonly evalFacts: DataFacts | undefined;
  /** Sentences for the user. */
  readonly notices: readonly Phrase[];
  readonly skipped: readonly RowProblem[];
}

/** Thrown when rows cannot be used and were not to be skipped: carries every one of them. */
export class BadRowsError extends WebLoraError {
  readonly rows: readonly RowProblem[];

  constructor(file: string, rows: readonly RowProblem[]) {
    const [first] = rows;
    const more = rows.length > 1 ? ` (and ${rows.length - 1} more)` : '';
    super('bad-data', `${file}: ${rows.length === 1 ? 'a row' : `${rows.length} rows`} cannot be used`, {
      got: first === undefined ? 'nothing' : `${describeProblem(first)}${more}`,
      wanted: 'rows with a question and an answer to learn',
      fix: phrase`correct the rows, or leave them out with ${setting('skipBadRows')}`,
    });
    this.rows = rows;
  }
}

/** The sequence length a run uses: as given, else 512 or what the model can attend to. */
export function resolveSeqLen(given: number | undefined, context: number): number {
  if (given !== undefined && given > context) {
    throw new WebLoraError('context', setting('seqLen'), {
      got: given,
      wanted: `at most ${context}, the model's context`,
      fix: phrase`lower ${setting('seqLen')} or load the model with a larger ${setting('context')}`,
    });
  }
  return given ?? Math.min(DEFAULT_SEQ_LEN, context);
}

/** Reads, checks and tokenises one file. @throws BadRowsError unless bad rows are to be skipped */
export async function readTrainingRows<Row extends TrainingRow>(
  opened: OpenModel,
  file: DataFile,
  objective: Objective<Row>,
  options: {
    seqLen: number;
    context: number;
    lossOn: 'completion' | 'all';
    system?: string;
    skipBadRows: boolean;
    withQuestions: boolean;
  },
): Promise<{ rows: Row[]; facts: DataFacts; notices: Phrase[]; skipped: RowProblem[] }> {
  const { seqLen, context, lossOn, system, skipBadRows, withQuestions } = options;
  const read = await readDataRows(file.bytes, file.name, file.columns === undefined ? {} : { columns: file.columns });
  const prepared = objective.prepare(read.rows, opened.tokenizer(), {
    file: file.name,
    seqLen,
    contextLength: context,
    vocabSize: opened.model.shape.vocabSize,
    lossOn,
    withQuestions,
    ...(system !== undefined && { system }),
  });
  const skipped = [...read.problems, ...prepared.problems].sort((a, b) => a.line - b.line);
  if (skipped.length > 0 && !skipBadRows) throw new BadRowsError(file.name, skipped);
  if (prepared.rows.length === 0) {
    throw new WebLoraError('bad-data', `${file.name}: rows`, {
      got: 'none that can be used',
      wanted: 'at least one',
      fix: 'check the file',
    });
  }
  const notices: Phrase[] = [...read.notes, ...gatherNotes(prepared.notes)].map((note) =>
    describeNote(file.name, note),
  );
  if (skipped.length > 0) notices.push(`${file.name}: ${skipped.length} rows are left out`);
  if (prepared.truncated.length > 0) {
    const lines = prepared.truncated.map(({ line }) => line);
    notices.push(
      `${file.name}: ${lines.length} rows are longer than ${seqLen} tokens and were cut (${listLines(lines)})`,
    );
  }
  const facts: DataFacts = {
    name: file.name,
    sha256: bytesToHex(sha256(file.bytes)),
    rows: prepared.rows.length,
    skippedRows: skipped.length,
    truncatedRows: prepared.truncated.length,
  };
  return { rows: prepared.rows, facts, notices, skipped };
}

/** The rows of a run: the training file, and the evaluation file or split. */
export async function readRunData(
  opened: OpenModel,
  context: number,
  config: TrainConfig,
  files: { objective: Objective; data: DataFile; evalData?: DataFile },
): Promise<RunData> {
  const seqLen = resolveSeqLen(config.seqLen, context);
  const { lossOn, skipBadRows, system } = config;
  const options = {
    seqLen,
    context,
    lossOn,
    skipBadRows,
    withQuestions: false,
    ...(system !== undefined && { system }),
  };
  const { objective } = files;
  const main = await readTrainingRows(opened, files.data, objective, options);
  if (files.evalData === undefined) {
    const { train, held } = splitRows(main.rows.length, config.evalSplit, config.seed);
    const pick = (rows: readonly number[]): TrainingRow[] => rows.flatMap((row) => main.rows[row] ?? []);
    return {
      train: pick(train),
      evaluation: pick(held),
      seqLen,
      facts: main.facts,
      evalFacts: undefined,
      notices: main.notices,
      skipped: main.skipped,
    };
  }
  if (config.evalSplit > 0) {
    throw new WebLoraError('usage', phrase`${setting('evalData')} and ${setting('evalSplit')}`, {
      got: 'both',
      wanted: 'one of them',
      fix: 'leave one out',
    });
  }
  const held = await readTrainingRows(opened, files.evalData, objective, options);
  return {
    train: main.rows,
    evaluation: held.rows,
    seqLen,
    facts: main.facts,
    evalFacts: held.facts,
    notices: [...main.notices, ...held.notices],
    skipped: [...main.skipped, ...held.skipped],
  };
}
