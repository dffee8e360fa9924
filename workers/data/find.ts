import type { CheckReport } from '../../src/data/check/check.ts';
import type { Finding } from '../../src/data/check/finding.ts';
import { textParts } from '../../src/data/check/text-parts.ts';
import type { DataRow } from '../../src/data/rows.ts';
import type { FoundGroup, FoundKind, SetFindings } from './contract.ts';

/** Groups of rows of one kind, and lines of one group, that a page is told; the counts are of all. */
const TOLD_GROUPS = 100;
const TOLD_LINES = 200;

function groupOf({ lines, evalLines }: Finding, unreadable: ReadonlySet<number>): FoundGroup {
  return {
    lines: lines.slice(0, TOLD_LINES),
    rowCount: lines.length,
    ...(evalLines && { evalLines: evalLines.slice(0, TOLD_LINES), evalCount: evalLines.length }),
    isUnreadable: lines.every((line) => unreadable.has(line)),
  };
}

/** Findings for a page: those of one kind together, in the order of `weblora data check`. */
export function findingsByKind({ rows, findings }: CheckReport, unreadable: ReadonlySet<number>): SetFindings {
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
          groups: found.slice(0, TOLD_GROUPS).map((finding) => groupOf(finding, unreadable)),
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
