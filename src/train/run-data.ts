import type { OpenModel } from '../../models/checkpoint/open-model.ts';
import type { Dataset } from '../data/dataset.ts';
import { readDataRows } from '../data/read-rows.ts';
import { describeNote, describeProblem, gatherNotes, listLines, rowKind, rowsOfKind } from '../data/rows.ts';
import type { DataRow, FileNote, RowKind, RowNote, RowProblem } from '../data/rows.ts';
import { mixReplay } from '../data/replay.ts';
import { splitRows } from '../data/split.ts';
import { WebLoraError } from '../errors.ts';
import { phrase, setting, type Phrase } from '../phrase.ts';
import { unfitFile, unfitRow } from '../objectives/index.ts';
import type { Objective, RowSource, TrainingRow } from '../objectives/objective.ts';
import type { TrainConfig } from './config.ts';
import { DEFAULT_REPLAY_SHARE, DEFAULT_SEQ_LEN } from './settings.ts';
import { sha256Of } from '../hash.ts';

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
  /** Of the file whose rows are mixed in, and how many of `train` are its. */
  readonly replay?: { readonly facts: DataFacts; readonly rows: number };
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
      got: first === undefined ? 'nothing' : phrase`${describeProblem(first)}${more}`,
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

/** What decides which tokens a row becomes. */
export interface RowOptions {
  /** Tokens a row may have. */
  readonly seqLen: number;
  /** Tokens the model can attend to. */
  readonly context: number;
  readonly lossOn: 'completion' | 'all';
  readonly system?: string;
  readonly withQuestions: boolean;
}

/** All that is known of a file's rows, whether they can be used or not. */
export interface PreparedFile<Row> {
  readonly rows: readonly Row[];
  /** Rows that cannot be used, in the file's order. */
  readonly problems: readonly RowProblem[];
  /** How the file was read, what of it is not used, which rows were cut; one for all rows of which the same is said. */
  readonly notes: readonly FileNote[];
  /** What is to be said of single rows. */
  readonly rowNotes: readonly RowNote[];
  readonly truncatedRows: number;
}

/** Of a file's first usable row; of a file without one, an example. */
export async function firstRowKind({ bytes, name, columns }: Dataset): Promise<RowKind> {
  const { rows } = await readDataRows(bytes, name, columns === undefined ? {} : { columns });
  return rows[0] === undefined ? 'example' : rowKind(rows[0]);
}

/** Reads and tokenises one file. */
export async function prepareFile<Row extends TrainingRow>(
  opened: OpenModel,
  file: Dataset,
  objective: RowSource<Row>,
  options: RowOptions,
): Promise<PreparedFile<Row>> {
  const { seqLen, context, lossOn, system, withQuestions } = options;
  const read = await readDataRows(file.bytes, file.name, file.columns === undefined ? {} : { columns: file.columns });
  const unfit = unfitRows(read.rows, file.name, objective);
  const prepared = objective.prepare(rowsOfKind(read.rows, objective.rows), opened.tokenizer(), {
    file: file.name,
    seqLen,
    contextLength: context,
    vocabSize: opened.model.shape.vocabSize,
    lossOn,
    withQuestions,
    ...(system !== undefined && { system }),
  });
  const { truncated } = prepared;
  const notes = [...read.notes, ...gatherNotes(prepared.notes)];
  if (truncated.length > 0) {
    const rows = truncated.length === 1 ? '1 row is' : `${truncated.length} rows are`;
    const lines = listLines(truncated.map(({ line }) => line));
    notes.push({ text: `${rows} longer than ${seqLen} tokens and cut (${lines})` });
  }
  const cuts = truncated.map(({ line, tokens }) => ({
    line,
    text: `longer than ${seqLen} tokens: the last ${tokens} are cut off`,
  }));
  return {
    rows: prepared.rows,
    problems: [...read.problems, ...unfit, ...prepared.problems].sort((a, b) => a.line - b.line),
    notes,
    rowNotes: [...prepared.notes, ...cuts],
    truncatedRows: truncated.length,
  };
}

/** Rows that another objective trains on. @throws `unsupported` where no row is for this one */
function unfitRows(rows: readonly DataRow[], file: string, objective: RowSource): RowProblem[] {
  const others = rows.filter((row) => rowKind(row) !== objective.rows);
  const [first] = others;
  if (first !== undefined && others.length === rows.length)
    throw unfitFile(file, first.line, rowKind(first), objective);
  return others.map((row) => ({ file, line: row.line, ...unfitRow(rowKind(row), objective) }));
}

/** Reads, checks and tokenises one file. @throws BadRowsError unless bad rows are to be skipped */
export async function readTrainingRows<Row extends TrainingRow>(
  opened: OpenModel,
  file: Dataset,
  objective: RowSource<Row>,
  options: RowOptions & { readonly skipBadRows: boolean },
): Promise<{ rows: readonly Row[]; facts: DataFacts; notices: Phrase[]; skipped: readonly RowProblem[] }> {
  const { rows, problems: skipped, notes, truncatedRows } = await prepareFile(opened, file, objective, options);
  if (skipped.length > 0 && !options.skipBadRows) throw new BadRowsError(file.name, skipped);
  if (rows.length === 0) {
    throw new WebLoraError('bad-data', `${file.name}: rows`, {
      got: 'none that can be used',
      wanted: 'at least one',
      fix: 'check the file',
    });
  }
  const notices: Phrase[] = notes.map((note) => describeNote(file.name, note));
  if (skipped.length > 0) notices.push(`${file.name}: ${skipped.length} rows are left out`);
  const facts: DataFacts = {
    name: file.name,
    sha256: sha256Of(file.bytes),
    rows: rows.length,
    skippedRows: skipped.length,
    truncatedRows,
  };
  return { rows, facts, notices, skipped };
}

/** The rows of a run: the training file with what is replayed among it, and the evaluation file or split. */
export async function readRunData(
  opened: OpenModel,
  context: number,
  config: TrainConfig,
  files: { objective: Objective; data: Dataset; evalData?: Dataset; replayData?: Dataset },
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
  const { objective, replayData } = files;
  if (replayData === undefined && config.replayShare !== undefined) {
    throw new WebLoraError('usage', setting('replayShare'), {
      got: `${config.replayShare} without a file to take rows from`,
      wanted: phrase`${setting('replayData')} beside it`,
      fix: phrase`add ${setting('replayData')}, or leave it out`,
    });
  }
  const main = await readTrainingRows(opened, files.data, objective, options);
  const withReplay = async (own: RunData): Promise<RunData> => {
    if (replayData === undefined) return own;
    const replay = await readTrainingRows(opened, replayData, objective, options);
    const share = config.replayShare ?? DEFAULT_REPLAY_SHARE;
    const mixed = mixReplay(own.train.length, replay.rows.length, share, config.seed);
    const train = mixed.flatMap(({ from, row }) => (from === 'own' ? own.train : replay.rows)[row] ?? []);
    const rows = train.length - own.train.length;
    const percent = Math.round((100 * rows) / train.length);
    return {
      ...own,
      train,
      replay: { facts: replay.facts, rows },
      notices: [
        ...own.notices,
        ...replay.notices,
        `${rows} of ${train.length} training rows are of ${replayData.name} (${percent} %)`,
      ],
      skipped: [...own.skipped, ...replay.skipped],
    };
  };
  if (files.evalData === undefined) {
    const { train, held } = splitRows(main.rows.length, config.evalSplit, config.seed);
    const pick = (rows: readonly number[]): TrainingRow[] => rows.flatMap((row) => main.rows[row] ?? []);
    return withReplay({
      train: pick(train),
      evaluation: pick(held),
      seqLen,
      facts: main.facts,
      evalFacts: undefined,
      notices: main.notices,
      skipped: main.skipped,
    });
  }
  if (config.evalSplit > 0) {
    throw new WebLoraError('usage', phrase`${setting('evalData')} and ${setting('evalSplit')}`, {
      got: 'both',
      wanted: 'one of them',
      fix: 'leave one out',
    });
  }
  const held = await readTrainingRows(opened, files.evalData, objective, options);
  return withReplay({
    train: main.rows,
    evaluation: held.rows,
    seqLen,
    facts: main.facts,
    evalFacts: held.facts,
    notices: [...main.notices, ...held.notices],
    skipped: [...main.skipped, ...held.skipped],
  });
}
