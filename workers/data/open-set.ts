import { checkRows, type CheckProgress, type CheckReport } from '../../src/data/check/check.ts';
import type { FindingKind } from '../../src/data/check/finding.ts';
import { mend } from '../../src/data/check/mend.ts';
import type { DataRow, FileNote, RowProblem } from '../../src/data/rows.ts';
import { splitRows, type Split } from '../../src/data/split.ts';
import { rowJson } from '../../src/data/write-row.ts';
import { WebLoraError } from '../../src/errors.ts';
import type { Dataset } from '../engine/contract.ts';
import type {
  FoundRow,
  SetEdit,
  SetFacts,
  SetFindings,
  SetFix,
  SetSnapshot,
  ShownRow,
  TrainingSet,
} from './contract.ts';
import { findingsByKind, foundTexts, numbersOf } from './find.ts';

/** Rows that are shown without being asked for. */
const FIRST_ROWS = 8;
const FIRST_PROBLEMS = 20;
/** Held-out rows: enough for a meaningful figure, and only where enough remain for training. */
const MIN_HELD = 8;
const MAX_HELD = 100;
const HELD_SHARE = 0.1;
const MIN_ROWS_TO_SPLIT = 40;

/** Of fewer rows than that, where the person wants some held out: just enough to tell something. */
const MIN_ROWS_TO_ASK = 15;
const FEW_HELD = 5;

/** The share of the rows that is held out of training; of few rows only where that was asked for. */
function heldOutShare(rowCount: number, keepsBack = rowCount >= MIN_ROWS_TO_SPLIT): number {
  if (!keepsBack || rowCount < MIN_ROWS_TO_ASK) return 0;
  const least = rowCount < MIN_ROWS_TO_SPLIT ? FEW_HELD : MIN_HELD;
  const held = Math.min(MAX_HELD, Math.max(least, Math.round(rowCount * HELD_SHARE)));
  return Number((held / rowCount).toPrecision(4));
}

export function showRow(row: DataRow, index: number): ShownRow {
  const { line } = row;
  if (row.kind === 'text') return { index, line, question: '', answer: row.text, isPair: false };
  if (row.kind === 'tokens') {
    return { index, line, question: '', answer: `${row.inputIds.length} tokens`, isPair: false };
  }
  if (row.kind !== 'messages') {
    const question = row.prompt.findLast(({ role }) => role === 'user')?.content ?? '';
    const said = row.kind === 'preference' ? row.chosen : row.completion;
    return { index, line, question, answer: said.at(-1)?.content ?? '', isPair: false };
  }
  const last = row.messages.length - 1;
  const asked = row.messages.filter(({ role }, i) => role === 'user' && i < last).at(-1);
  const [first, second] = row.messages;
  const isPlain = row.tools === undefined && row.messages.every((message) => Object.keys(message).length === 2);
  const isPair = isPlain && row.messages.length === 2 && first?.role === 'user' && second?.role === 'assistant';
  return { index, line, question: asked?.content ?? '', answer: row.messages[last]?.content ?? '', isPair };
}

/** JSONL with each row on its own line number, so that what is said of a line is true of the file it came from. */
function toJsonl(rows: readonly DataRow[]): Uint8Array {
  const lines: string[] = [];
  for (const row of rows) {
    while (lines.length < row.line) lines.push('');
    // A file may have several rows on a line.
    lines[row.line - 1] = `${lines[row.line - 1] ?? ''}${JSON.stringify(rowJson(row))}`;
  }
  return new TextEncoder().encode(`${lines.join('\n')}\n`);
}

const asRow = (line: number, question: string, answer: string): DataRow => ({
  kind: 'messages',
  line,
  messages: [
    { role: 'user', content: question },
    { role: 'assistant', content: answer },
  ],
});

/** The examples a page works on. */
export class OpenSet {
  readonly name: string;
  #rows: DataRow[];
  #problems: RowProblem[];
  readonly #notes: readonly FileNote[];
  /** Lines of rows that are never held out: nearly the same is trained on. */
  readonly #neverHeld: Set<number>;
  /** Of the rows as they are now, and whether its held-out rows are among them. */
  #checked: { readonly report: CheckReport; readonly holdsOwn: boolean } | undefined;
  #checking: AbortController | undefined;

  constructor(
    name: string,
    rows: readonly DataRow[],
    problems: readonly RowProblem[],
    notes: readonly FileNote[],
    neverHeld: readonly number[] = [],
  ) {
    this.name = name;
    this.#rows = [...rows];
    this.#problems = [...problems];
    this.#notes = notes;
    this.#neverHeld = new Set(neverHeld);
  }

  facts(): SetFacts {
    const lengths = this.#rows.map((row, i) => {
      const { question, answer } = showRow(row, i);
      return question.length + answer.length;
    });
    const sorted = [...lengths].sort((a, b) => a - b);
    const longestLength = sorted.at(-1) ?? 0;
    return {
      name: this.name,
      rowCount: this.#rows.length,
      problemCount: this.#problems.length,
      problems: this.#problems.slice(0, FIRST_PROBLEMS),
      notes: this.#notes,
      medianLength: sorted[Math.floor(sorted.length / 2)] ?? 0,
      longestLength,
      longestLine: this.#rows[lengths.indexOf(longestLength)]?.line ?? 0,
      first: this.shown(0, FIRST_ROWS),
    };
  }

  shown(from: number, count: number): ShownRow[] {
    return this.#rows.slice(from, from + count).map((row, i) => showRow(row, from + i));
  }

  rowFile(index: number): Dataset {
    const row = this.#rows[index];
    if (row === undefined) throw new WebLoraError('internal', `there is no row ${index}`);
    return { name: this.name, bytes: toJsonl([row]) };
  }

  /** What `weblora data check` finds. @param heldOut rows held out that are no part of the set */
  async check(
    heldOut: readonly DataRow[] | undefined,
    keepsBack: boolean | undefined,
    onProgress: (progress: CheckProgress) => void,
  ): Promise<SetFindings> {
    this.stopCheck();
    const mine = (this.#checking = new AbortController());
    const report = await checkRows(
      {
        rows: this.#rows,
        problems: this.#problems,
        ...(heldOut ? { evalRows: heldOut } : { held: this.#split(keepsBack).held }),
      },
      { signal: mine.signal, onProgress },
    );
    if (mine.signal.aborted) throw new WebLoraError('aborted', 'stopped while checking the examples');
    this.#checked = { report, holdsOwn: heldOut === undefined };
    return findingsByKind(report, {
      unreadable: new Set(this.#problems.map(({ line }) => line)),
      numbersOf: numbersOf(this.#rows),
      evalNumbersOf: numbersOf(heldOut ?? this.#rows),
    });
  }

  stopCheck(): void {
    this.#checking?.abort();
  }

  numbersOf(lines: readonly number[]): number[] {
    return numbersOf(this.#rows)(lines);
  }

  foundRows(kind: FindingKind, lines: readonly number[]): FoundRow[] {
    const wanted = new Set(lines);
    const findings = this.#checked?.report.findings.filter((finding) => finding.kind === kind) ?? [];
    return this.#rows.flatMap((row, index) =>
      wanted.has(row.line) ? [{ ...showRow(row, index), found: foundTexts(row, findings) }] : [],
    );
  }

  /** Findings are of rows as they were: a change of these ends what looks for them. */
  #change(rows: DataRow[]): void {
    this.stopCheck();
    this.#checked = undefined;
    this.#rows = rows;
  }

  fix(what: SetFix): void {
    switch (what.fix) {
      case 'unusable':
        this.#problems = [];
        return;
      case 'keep': {
        const dropped = new Set(what.insteadOf);
        this.#change(this.#rows.filter(({ line }) => line === what.line || !dropped.has(line)));
        return;
      }
      case 'mend': {
        if (this.#checked === undefined) throw new WebLoraError('internal', 'these examples have changed since');
        const { report, holdsOwn } = this.#checked;
        const findings = report.findings.filter(({ kind }) => kind === what.kind);
        const isMoving = what.kind === 'leak' && holdsOwn;
        if (isMoving) for (const line of findings.flatMap(({ evalLines = [] }) => evalLines)) this.#neverHeld.add(line);
        this.#change(isMoving ? this.#rows : mend(this.#rows, findings, what.remedy).rows);
        return;
      }
      default:
        what satisfies never;
    }
  }

  edit(edit: SetEdit): void {
    this.#change(this.#rows);
    switch (edit.kind) {
      case 'add': {
        let line = this.#problems.reduce((last, problem) => Math.max(last, problem.line), this.#rows.at(-1)?.line ?? 0);
        for (const { question, answer } of edit.rows) this.#rows.push(asRow(++line, question, answer));
        return;
      }
      case 'remove':
        this.#rows.splice(edit.index, 1);
        return;
      case 'change': {
        const row = this.#rows[edit.index];
        if (row === undefined || !showRow(row, edit.index).isPair) {
          throw new WebLoraError('internal', `row ${edit.index} cannot be edited`);
        }
        this.#rows[edit.index] = asRow(row.line, edit.question, edit.answer);
        return;
      }
      default:
        edit satisfies never;
    }
  }

  snapshot(): SetSnapshot {
    const { name } = this;
    const neverHeld = [...this.#neverHeld];
    const facts = { name, bytes: toJsonl(this.#rows), problems: this.#problems, notes: this.#notes };
    return neverHeld.length === 0 ? facts : { ...facts, neverHeld };
  }

  trainingSet(
    heldOut: { readonly file: Dataset; readonly rows: readonly DataRow[] } | undefined,
    keepsBack?: boolean,
  ): TrainingSet {
    const base = this.name.replace(/\.[a-z0-9]+$/i, '');
    if (heldOut !== undefined) {
      return {
        data: { name: this.name, bytes: toJsonl(this.#rows) },
        heldOut: heldOut.file,
        heldOutShare: 0,
        trainCount: this.#rows.length,
        heldOutRows: heldOut.rows.map(showRow),
      };
    }
    const { share, train, held } = this.#split(keepsBack);
    const pick = (indexes: readonly number[]): DataRow[] => indexes.flatMap((index) => this.#rows[index] ?? []);
    const heldRows = pick(held);
    return {
      data: { name: `${base}.jsonl`, bytes: toJsonl(pick(train)) },
      ...(held.length > 0 && { heldOut: { name: `${base}-held-out.jsonl`, bytes: toJsonl(heldRows) } }),
      heldOutShare: share,
      trainCount: train.length,
      heldOutRows: heldRows.map(showRow),
    };
  }

  /** Places of the rows that are trained on and held out. */
  #split(keepsBack?: boolean): Split & { readonly share: number } {
    const share = heldOutShare(this.#rows.length, keepsBack);
    const { train, held } = splitRows(this.#rows.length, share, 0);
    const isMoved = (at: number): boolean => this.#neverHeld.has(this.#rows[at]?.line ?? 0);
    const moved = held.filter(isMoved);
    if (moved.length === 0) return { share, train, held };
    // No share of the rows says which these are.
    return {
      share: 0,
      train: [...train, ...moved].sort((a, b) => a - b),
      held: held.filter((at) => !isMoved(at)),
    };
  }
}
