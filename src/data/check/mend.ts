import type { DataRow } from '../rows.ts';
import type { Finding, FindingKind, TextCheck } from './finding.ts';
import { textParts, withTexts } from './text-parts.ts';
import { TEXT_CHECKS } from './text/index.ts';

/**
 * redact: a placeholder instead of what was found. replace: a stand-in, the same one for the same value everywhere.
 * drop: without the rows; of rows that are the same the first one stays.
 */
export const REMEDIES = ['redact', 'replace', 'drop'] as const;
export type Remedy = (typeof REMEDIES)[number];

/** What is done with each kind: kinds of texts as a person chose, rows left out, or nothing where only a person can choose. */
const TREATMENT: Readonly<Record<FindingKind, 'text' | 'drop' | 'drop-repeats' | 'none'>> = {
  secret: 'text',
  card: 'text',
  iban: 'text',
  'national-id': 'text',
  email: 'text',
  phone: 'text',
  address: 'text',
  name: 'text',
  injection: 'drop',
  leak: 'drop',
  empty: 'drop',
  truncated: 'drop',
  unusable: 'drop',
  duplicate: 'drop-repeats',
  'near-duplicate': 'drop-repeats',
  contradiction: 'none',
  'one-answer': 'none',
};

/** Stand-ins given out so far, by kind and value; the same one for training and held-out rows keeps both consistent. */
export type StandIns = Map<FindingKind, Map<string, string>>;

/** One row as it was. */
interface Change {
  /** Its place among the rows before. */
  readonly at: number;
  readonly before: DataRow;
  readonly isKept: boolean;
}

export interface Mended {
  readonly rows: DataRow[];
  /** What `undoMend` takes; plain data. */
  readonly undo: { readonly count: number; readonly changes: readonly Change[] };
}

/** The same for values that are one but for how they are written. */
function valueKey(kind: FindingKind, value: string): string {
  const lower = value.toLowerCase();
  return kind === 'name' || kind === 'address' ? lower.replace(/\s+/g, ' ') : lower.replace(/[\s.()/-]/g, '');
}

function substitute({ kind, placeholder }: TextCheck, value: string, remedy: Remedy, standIns: StandIns): string {
  if (remedy !== 'replace') return placeholder;
  const ofKind = standIns.get(kind) ?? new Map<string, string>();
  standIns.set(kind, ofKind);
  const key = valueKey(kind, value);
  const known = ofKind.get(key) ?? placeholder.replace(/]$/, ` ${ofKind.size + 1}]`);
  ofKind.set(key, known);
  return known;
}

interface Edit {
  readonly part: number;
  readonly start: number;
  readonly end: number;
  readonly check: TextCheck;
}

function editRow(row: DataRow, edits: readonly Edit[], remedy: Remedy, standIns: StandIns): DataRow {
  const texts = textParts(row).map(({ text }, part) => {
    const own = edits.filter((edit) => edit.part === part).sort((a, b) => a.start - b.start);
    let [result, from] = ['', 0];
    for (const { start, end, check } of own) {
      // Never true of the findings of one check; two reports may be mended at once.
      if (start < from) continue;
      result += text.slice(from, start) + substitute(check, text.slice(start, end), remedy, standIns);
      from = end;
    }
    return result + text.slice(from);
  });
  return withTexts(row, texts);
}

/**
 * Rows without what was found.
 * @param rows the rows that were checked
 * @param findings those to be mended; contradictions and one answer to everything stay, since only a person knows the right answer
 * @param remedy what becomes of personal data and secrets; all else that can be mended is dropped
 */
export function mend(
  rows: readonly DataRow[],
  findings: readonly Finding[],
  remedy: Remedy = 'redact',
  standIns: StandIns = new Map(),
): Mended {
  const dropped = new Set<number>();
  const edits = new Map<number, Edit[]>();
  for (const { kind, lines, matches = [] } of findings) {
    const treatment = TREATMENT[kind];
    if (treatment === 'none') continue;
    if (treatment === 'text' && remedy !== 'drop') {
      const check = TEXT_CHECKS.find((one) => one.kind === kind);
      if (check === undefined) continue;
      for (const { line, part, start, end } of matches) {
        const known = edits.get(line);
        if (known === undefined) edits.set(line, [{ part, start, end, check }]);
        else known.push({ part, start, end, check });
      }
      continue;
    }
    for (const line of treatment === 'drop-repeats' ? lines.slice(1) : lines) dropped.add(line);
  }
  const changes: Change[] = [];
  const mended = rows.flatMap((row, at) => {
    if (dropped.has(row.line)) {
      changes.push({ at, before: row, isKept: false });
      return [];
    }
    const own = edits.get(row.line);
    if (own === undefined) return [row];
    changes.push({ at, before: row, isKept: true });
    return [editRow(row, own, remedy, standIns)];
  });
  return { rows: mended, undo: { count: rows.length, changes } };
}

/** The rows as they were before `mend`. @param rows what it gave */
export function undoMend(rows: readonly DataRow[], { count, changes }: Mended['undo']): DataRow[] {
  const byPlace = new Map(changes.map((change) => [change.at, change]));
  let from = 0;
  return Array.from({ length: count }, (_, at) => {
    const change = byPlace.get(at);
    const kept = change === undefined || change.isKept ? rows[from++] : undefined;
    return change?.before ?? kept;
  }).filter((row) => row !== undefined);
}
