import type { DataRow } from '../rows.ts';

/** Everything that the check can find, the gravest first where severities are equal. */
export const FINDING_KINDS = [
  'secret',
  'leak',
  'card',
  'iban',
  'national-id',
  'contradiction',
  'injection',
  'unusable',
  'empty',
  'email',
  'phone',
  'address',
  'name',
  'duplicate',
  'truncated',
  'one-answer',
  'near-duplicate',
] as const;
export type FindingKind = (typeof FINDING_KINDS)[number];

/** high: harms people or spoils the measurement; medium: spoils what is learned; low: worth a look. */
export type Severity = 'high' | 'medium' | 'low';

/** Where a text of a row holds something: `[start, end)` in UTF-16 units of part `part` of `textParts(row)`. */
export interface Match {
  readonly line: number;
  readonly part: number;
  readonly start: number;
  readonly end: number;
}

export interface Finding {
  readonly kind: FindingKind;
  readonly severity: Severity;
  /** Lines of the checked file, ascending. */
  readonly lines: readonly number[];
  /** Lines of the held-out file, where the finding is about both files. */
  readonly evalLines?: readonly number[];
  /** Where in the texts, for kinds that are found in a text. Never the text itself. */
  readonly matches?: readonly Match[];
  /** One sentence that names no value. */
  readonly message: string;
  /** What to do, one sentence. */
  readonly fix: string;
}

/** A kind that is found in a text by itself, whatever the rest of the file says. */
export interface TextCheck {
  readonly kind: FindingKind;
  readonly severity: Severity;
  /** What one is called, for sentences: `an e-mail address`, `e-mail addresses`. */
  readonly one: string;
  readonly many: string;
  readonly fix: string;
  /** What stands in place of a redacted one, in brackets; with a number, in place of a replaced one. */
  readonly placeholder: string;
  /** A cheap test that is true for every text in which `find` finds something. */
  readonly mayHold: RegExp;
  /** Ranges `[start, end)`, ascending, without overlap. */
  readonly find: (text: string) => Range[];
}

export interface Range {
  readonly start: number;
  readonly end: number;
}

/** A row with what the checks compare of it, computed once. */
export interface CheckedRow {
  readonly line: number;
  readonly row: DataRow;
  readonly parts: readonly TextPart[];
  /** What the model is asked, earlier turns included; empty for a row of plain text. */
  readonly question: string;
  /** What the model learns to say. */
  readonly answer: string;
  /** The system prompt, which many rows share and which says nothing of how alike they are. */
  readonly system: string;
}

/** One text of a row. */
export interface TextPart {
  /** `question`, `answer`, `system`, …: the role that says it, `text` for plain text. */
  readonly role: string;
  readonly text: string;
}

/** Rows that belong together, as `{ lines: [3, 9] }`; what two files share names the lines of both. */
export interface RowCheckInput {
  readonly rows: readonly CheckedRow[];
  /** Those of `rows` that are trained on: all of them, but where rows of the same file are held out. */
  readonly trained: readonly CheckedRow[];
  /** Rows held out of training; empty where none are given. */
  readonly evalRows: readonly CheckedRow[];
  /** Is called often; what it returns is waited for, so that a stop or a progress bar gets its turn. */
  readonly pause: (done: number, total: number) => Promise<void>;
}

/** A kind that is found by comparing rows. */
export interface RowCheck {
  readonly kinds: readonly FindingKind[];
  /** What is being done, for a progress line. */
  readonly label: string;
  readonly find: (input: RowCheckInput) => Promise<Finding[]>;
}

/** Ascending, each once. */
export const sortedLines = (lines: Iterable<number>): number[] => [...new Set(lines)].sort((a, b) => a - b);

/** All matches of a pattern (with the g flag) that pass a test, as ranges. */
export function rangesOf(
  text: string,
  pattern: RegExp,
  accept: (found: RegExpExecArray) => boolean = () => true,
): Range[] {
  const ranges: Range[] = [];
  pattern.lastIndex = 0;
  for (let found = pattern.exec(text); found !== null; found = pattern.exec(text)) {
    if (found[0] === '') pattern.lastIndex += 1;
    else if (accept(found)) ranges.push({ start: found.index, end: found.index + found[0].length });
  }
  return ranges;
}

/** Ascending and without overlap: of two ranges that overlap one that covers both. */
export function mergeRanges(ranges: readonly Range[]): Range[] {
  const merged: { start: number; end: number }[] = [];
  for (const { start, end } of [...ranges].sort((a, b) => a.start - b.start || b.end - a.end)) {
    const last = merged.at(-1);
    if (last !== undefined && start < last.end) last.end = Math.max(last.end, end);
    else merged.push({ start, end });
  }
  return merged;
}
