import type { CheckReport } from '../../src/data/check/check.ts';
import type { Finding } from '../../src/data/check/finding.ts';
import { textParts } from '../../src/data/check/text-parts.ts';
import type { DataRow } from '../../src/data/rows.ts';
import type { FoundGroup, FoundKind, SetFindings } from './contract.ts';

/** Groups of rows of one kind, and lines of one group, that a page is told; the counts are of all. */
const TOLD_GROUPS = 100;
const TOLD_LINES = 200;

/** The places of rows among all of them, from 1, by their lines. */
export function numbersOf(rows: readonly DataRow[]): (lines: readonly number[]) => number[] {
  const numbers = new Map<number, number[]>();
  // A file may have several rows on a line.
  for (const [index, { line }] of rows.entries()) numbers.set(line, [...(numbers.get(line) ?? []), index + 1]);
  return (lines) => [...new Set(lines)].flatMap((line) => numbers.get(line) ?? []);
}

/** What findings are made of for a page. */
interface FoundIn {
  /** Lines of rows that could not be read. */
  readonly unreadable: ReadonlySet<number>;
  readonly numbersOf: (lines: readonly number[]) => number[];
  readonly evalNumbersOf: (lines: readonly number[]) => number[];
}

function groupOf({ lines, evalLines }: Finding, { unreadable, ...of }: FoundIn): FoundGroup {
  const [told, evalTold] = [lines.slice(0, TOLD_LINES), evalLines?.slice(0, TOLD_LINES)];
  return {
    lines: told,
    numbers: of.numbersOf(told),
    rowCount: lines.length,
    ...(evalLines &&
      evalTold && {
        evalLines: evalTold,
        evalNumbers: of.evalNumbersOf(evalTold),
        evalCount: evalLines.length,
      }),
    isUnreadable: lines.every((line) => unreadable.has(line)),
  };
}

/** Findings for a page: those of one kind together, in the order of `weblora data check`. */
export function findingsByKind({ rows, findings }: CheckReport, foundIn: FoundIn): SetFindings {
  const kinds = new Map<string, readonly Finding[]>();
  for (const finding of findings) kinds.set(finding.kind, [...(kinds.get(finding.kind) ?? []), finding]);
  return {
    rows,
    kinds: [...kinds.values()].flatMap((found): FoundKind[] => {
      const [first] = found;
      if (first === undefined) return [];
      return [
        {
          kind: first.kind,
          severity: first.severity,
          rowCount: new Set(found.flatMap(({ lines }) => lines)).size,
          groupCount: found.length,
          groups: found.slice(0, TOLD_GROUPS).map((finding) => groupOf(finding, foundIn)),
        },
      ];
    }),
  };
}

/** The texts that were found in a row, each once. */
export function foundTexts(row: DataRow, findings: readonly Finding[]): string[] {
  const parts = textParts(row);
  const texts = findings.flatMap(({ matches = [] }) =>
    matches
      .filter(({ line }) => line === row.line)
      .map(({ part, start, end }) => parts[part]?.text.slice(start, end) ?? ''),
  );
  return [...new Set(texts.filter(Boolean))];
}
