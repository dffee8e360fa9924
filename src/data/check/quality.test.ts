import { describe, expect, it } from 'vitest';
import { textMatches } from './check.ts';
import type { FindingKind } from './finding.ts';
import { PLANTED_TEXTS } from './planted.cases.ts';
import { PROSE } from './prose.cases.ts';
import { checkedRow } from './text-parts.ts';
import { TEXT_CHECKS } from './text/index.ts';

/** What the issue asks for: patterned kinds 0.99, names and addresses 0.85, injections 0.95; precision 0.9 of each. */
const RECALL: Readonly<Partial<Record<FindingKind, number>>> = { name: 0.85, address: 0.85, injection: 0.95 };
const PATTERNED_RECALL = 0.99;
const PRECISION = 0.9;

const kindsIn = (text: string): Set<FindingKind> =>
  new Set(
    textMatches(checkedRow({ kind: 'text', line: 1, text })).flatMap(({ check }) => TEXT_CHECKS[check]?.kind ?? []),
  );

interface Row {
  readonly text: string;
  readonly holds: ReadonlySet<FindingKind>;
}

/** Planted rows; of those of another kind it is known that they do not hold this one only where they are its negatives. */
function rowsOf(kind: FindingKind): Row[] {
  const { positive = [], negative = [] } = PLANTED_TEXTS[kind] ?? {};
  return [
    ...positive.map((text) => ({ text, holds: new Set([kind]) })),
    ...negative.map((text) => ({ text, holds: new Set<FindingKind>() })),
    ...PROSE.map(({ text, holds }) => ({ text, holds: new Set(holds) })),
  ];
}

function measure(kind: FindingKind): {
  recall: number;
  precision: number;
  missed: number[];
  extra: number[];
  rows: Row[];
} {
  const rows = rowsOf(kind);
  const found = rows.map(({ text }) => kindsIn(text).has(kind));
  const lines = (pick: (row: Row, isFound: boolean) => boolean): number[] =>
    rows.flatMap((row, at) => (pick(row, found[at] === true) ? [at + 1] : []));
  const held = lines(({ holds }) => holds.has(kind)).length;
  const missed = lines(({ holds }, isFound) => holds.has(kind) && !isFound);
  const extra = lines(({ holds }, isFound) => !holds.has(kind) && isFound);
  const right = held - missed.length;
  return { recall: right / held, precision: right / Math.max(1, right + extra.length), missed, extra, rows };
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`.padStart(8);

describe('what is found in texts', () => {
  const table: string[] = [];
  for (const { kind } of TEXT_CHECKS) {
    it(`${kind}: recall and precision on planted texts and prose`, () => {
      const { recall, precision, missed, extra, rows } = measure(kind);
      const named = (lines: readonly number[]): string[] =>
        lines.map((line) => `${line}: ${rows[line - 1]?.text ?? ''}`);
      table.push(
        `${kind.padEnd(12)} ${String(rows.length).padStart(4)} rows  recall ${percent(recall)}  precision ${percent(precision)}  missed ${JSON.stringify(missed)}  wrong ${JSON.stringify(extra)}`,
      );
      const wanted = RECALL[kind] ?? PATTERNED_RECALL;
      expect(recall, `missed:\n${named(missed).join('\n')}`).toBeGreaterThanOrEqual(wanted);
      expect(precision, `wrong:\n${named(extra).join('\n')}`).toBeGreaterThanOrEqual(PRECISION);
    });
  }
  it('prints the table', () => {
    expect(table).toHaveLength(TEXT_CHECKS.length);
    process.stdout.write(`${table.join('\n')}\n`);
  });
});
