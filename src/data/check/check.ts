import { WebLoraError } from '../../errors.ts';
import type { Dataset } from '../dataset.ts';
import { readDataRows } from '../read-rows.ts';
import type { DataRow, FileNote, RowProblem } from '../rows.ts';
import { splitRows } from '../split.ts';
import { FINDING_KINDS, sortedLines, type CheckedRow, type Finding, type Match, type Severity } from './finding.ts';
import { ROW_CHECKS } from './rows/index.ts';
import { checkedRow } from './text-parts.ts';
import { TEXT_CHECKS } from './text/index.ts';

export interface CheckProgress {
  /** What is being looked for. */
  readonly label: string;
  readonly done: number;
  readonly total: number;
}

export interface CheckOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: CheckProgress) => void;
}

export interface CheckInput {
  readonly rows: readonly DataRow[];
  /** Rows that cannot be used, as reading and preparing named them. */
  readonly problems?: readonly RowProblem[];
  /** Rows held out of training, of another file. */
  readonly evalRows?: readonly DataRow[];
  /** Rows held out of training that are among `rows`, as places there. Not with `evalRows`. */
  readonly held?: readonly number[];
  /** Lines of rows that lose tokens at the right, and the length that they are cut to. */
  readonly cut?: { readonly lines: readonly number[]; readonly seqLen: number };
  /** The text of tokens, for rows that are tokenised already. */
  readonly decode?: (ids: readonly number[]) => string;
}

export interface CheckReport {
  /** Rows of the file, those that cannot be used included. */
  readonly rows: number;
  /** The gravest first. */
  readonly findings: readonly Finding[];
}

/** Longest time in which nothing else on the thread gets its turn. */
const PAUSE_MS = 30;

const SEVERITIES: readonly Severity[] = ['high', 'medium', 'low'];

function compareFindings(a: Finding, b: Finding): number {
  return (
    SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
    FINDING_KINDS.indexOf(a.kind) - FINDING_KINDS.indexOf(b.kind) ||
    (a.lines[0] ?? 0) - (b.lines[0] ?? 0)
  );
}

/** Reports progress and lets others have their turn, and throws when the signal says stop. */
function makePause({
  signal,
  onProgress,
}: CheckOptions): (label: string, done: number, total: number) => Promise<void> {
  let last = performance.now();
  const check = (): void => {
    if (signal?.aborted === true) throw new WebLoraError('aborted', 'stopped while checking the examples');
  };
  return async (label, done, total) => {
    check();
    if (performance.now() - last < PAUSE_MS) return;
    onProgress?.({ label, done, total });
    await new Promise((resume) => setTimeout(resume));
    last = performance.now();
    check();
  };
}

/** The text with earlier findings as characters that no pattern takes, at their places. */
function masked(text: string, ranges: readonly { readonly start: number; readonly end: number }[]): string {
  let result = text;
  for (const { start, end } of ranges) {
    result = result.slice(0, start) + '\ufffc'.repeat(end - start) + result.slice(end);
  }
  return result;
}

/** What the texts of a row hold, by the place of the check in TEXT_CHECKS. */
export function textMatches(row: CheckedRow): { readonly check: number; readonly match: Match }[] {
  const found: { check: number; match: Match }[] = [];
  for (const [part, { text: given }] of row.parts.entries()) {
    let text = given;
    for (const [check, { mayHold, find }] of TEXT_CHECKS.entries()) {
      if (!mayHold.test(text)) continue;
      const ranges = find(text);
      for (const range of ranges) found.push({ check, match: { line: row.line, part, ...range } });
      if (ranges.length > 0) text = masked(text, ranges);
    }
  }
  return found;
}

type Pause = (label: string, done: number, total: number) => Promise<void>;

async function checkTexts(rows: readonly CheckedRow[], pause: Pause): Promise<Finding[]> {
  const matches = TEXT_CHECKS.map((): Match[] => []);
  for (const [at, row] of rows.entries()) {
    if (at % 64 === 0) await pause('personal data and secrets', at, rows.length);
    for (const { check, match } of textMatches(row)) matches[check]?.push(match);
  }
  return TEXT_CHECKS.flatMap(({ kind, severity, one, many, fix }, check): Finding[] => {
    const found = matches[check] ?? [];
    if (found.length === 0) return [];
    const lines = sortedLines(found.map(({ line }) => line));
    const message =
      lines.length === 1 ? `1 row holds ${found.length === 1 ? one : many}` : `${lines.length} rows hold ${many}`;
    return [{ kind, severity, lines, matches: found, message, fix }];
  });
}

/** How the reader and the tokenizer word that there is nothing where something should be. */
const IS_EMPTY = /\bempty (?:question|answer|text|list|input_ids)\b|\b(?:is|are) (?:null|missing)\b|\ban empty list\b/;

/** One finding for all the rows with the same reason. */
function problemFindings(problems: readonly RowProblem[]): Finding[] {
  const groups = new Map<string, { readonly first: RowProblem; readonly lines: number[] }>();
  for (const problem of problems) {
    const kind = IS_EMPTY.test(problem.reason) ? 'empty' : 'unusable';
    const key = kind === 'empty' ? kind : problem.reason.replace(/\d+/g, '0');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { first: problem, lines: [problem.line] });
    else group.lines.push(problem.line);
  }
  return [...groups].map(([key, { first, lines }]): Finding => {
    const isEmpty = key === 'empty';
    return {
      kind: isEmpty ? 'empty' : 'unusable',
      severity: 'high',
      lines: sortedLines(lines),
      message: isEmpty ? 'no question, or no answer to learn' : first.reason,
      fix: first.fix ?? 'correct or remove the rows: training stops at them',
    };
  });
}

/**
 * Looks through examples before training: duplicates, contradictions, leaks into the held-out rows, empty and cut answers,
 * personal data, secrets, and text that instructs the model. Nothing is changed; `mend` does that.
 * @throws WebLoraError 'aborted' when the signal says so
 */
export async function checkRows(input: CheckInput, options: CheckOptions = {}): Promise<CheckReport> {
  const pause = makePause(options);
  const { problems = [], cut, decode } = input;
  const prepared = async (rows: readonly DataRow[]): Promise<CheckedRow[]> => {
    const checked: CheckedRow[] = [];
    for (const [at, row] of rows.entries()) {
      if (at % 512 === 0) await pause('reading', at, rows.length);
      checked.push(checkedRow(row, decode));
    }
    return checked;
  };
  const rows = await prepared(input.rows);
  const held = new Set(input.held);
  const evalRows = input.evalRows === undefined ? rows.filter((_, at) => held.has(at)) : await prepared(input.evalRows);
  const trained = held.size === 0 ? rows : rows.filter((_, at) => !held.has(at));
  const findings: Finding[] = [...problemFindings(problems), ...(await checkTexts(rows, pause))];
  for (const { label, find } of ROW_CHECKS) {
    findings.push(...(await find({ rows, trained, evalRows, pause: (done, total) => pause(label, done, total) })));
  }
  if (cut !== undefined && cut.lines.length > 0) {
    findings.push({
      kind: 'truncated',
      severity: 'medium',
      lines: sortedLines(cut.lines),
      message: `longer than ${cut.seqLen} tokens: the end is cut off`,
      fix: 'shorten or divide the rows, or allow longer ones',
    });
  }
  const read = new Set(rows.map(({ line }) => line));
  const unread = problems.filter(({ line }) => !read.has(line)).length;
  return { rows: rows.length + unread, findings: findings.sort(compareFindings) };
}

/** What training makes of rows, so that rows that do not fit are found too. */
export interface CheckModel {
  readonly decode: (ids: readonly number[]) => string;
  /** Tokens a row may have. */
  readonly seqLen: number;
  /** Rows that training refuses, and rows that lose tokens at the right. */
  readonly prepare: (
    rows: readonly DataRow[],
    file: string,
  ) => { readonly problems: readonly RowProblem[]; readonly truncated: readonly { readonly line: number }[] };
}

export interface DatasetReport extends CheckReport {
  /** The rows that can be read, for `mend`. */
  readonly usable: readonly DataRow[];
  /** How the files were read, what of them is not used. */
  readonly notes: readonly { readonly file: string; readonly note: FileNote }[];
}

const readOptions = ({ columns }: Dataset): { columns?: NonNullable<Dataset['columns']> } =>
  columns === undefined ? {} : { columns };

export interface FileCheckOptions extends CheckOptions {
  /** A file of rows held out of training. */
  readonly evalData?: Dataset;
  /** Instead of it the share of the rows that training would hold out, 0 to below 1, and the seed that chooses them. */
  readonly evalSplit?: number;
  readonly seed?: number;
  readonly model?: CheckModel;
}

/** Rows between two looks at the signal while they are tokenised. */
const TOKENISED_AT_ONCE = 256;

/** Places of the rows that training would hold out: it divides those that it can use. */
function heldOf(rows: readonly DataRow[], problems: readonly RowProblem[], share: number, seed: number): number[] {
  const refused = new Set(problems.map(({ line }) => line));
  const usable = rows.flatMap(({ line }, at) => (refused.has(line) ? [] : [at]));
  return splitRows(usable.length, share, seed).held.map((at) => usable[at] ?? at);
}

/**
 * `checkRows` of a file, with one of held-out rows and a model's tokenizer where they are given.
 * @throws WebLoraError as `readDataRows` does, and 'aborted'
 */
export async function checkFile(
  file: Dataset,
  { evalData, evalSplit, seed = 0, model, ...options }: FileCheckOptions = {},
): Promise<DatasetReport> {
  const read = await readDataRows(file.bytes, file.name, readOptions(file));
  const held =
    evalData === undefined ? undefined : await readDataRows(evalData.bytes, evalData.name, readOptions(evalData));
  const problems = [...read.problems];
  const cut: number[] = [];
  if (model !== undefined) {
    const pause = makePause(options);
    for (let at = 0; at < read.rows.length; at += TOKENISED_AT_ONCE) {
      await pause('tokens', at, read.rows.length);
      const { problems: more, truncated } = model.prepare(read.rows.slice(at, at + TOKENISED_AT_ONCE), file.name);
      problems.push(...more);
      cut.push(...truncated.map(({ line }) => line));
    }
  }
  const report = await checkRows(
    {
      rows: read.rows,
      problems,
      ...(held ? { evalRows: held.rows } : { held: heldOf(read.rows, problems, evalSplit ?? 0, seed) }),
      ...(model !== undefined && {
        cut: { lines: cut, seqLen: model.seqLen },
        decode: model.decode,
      }),
    },
    options,
  );
  const notes = [
    ...read.notes.map((note) => ({ file: file.name, note })),
    ...(held?.notes ?? []).map((note) => ({ file: evalData?.name ?? '', note })),
  ];
  return { ...report, usable: read.rows, notes };
}
