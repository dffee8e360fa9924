import { sortedLines, type CheckedRow, type Finding, type RowCheck } from '../finding.ts';
import { groupPairs, shinglesOf, similarPairs, withoutCommon } from '../minhash.ts';
import { contentOf, sameText, wordsOf } from '../words.ts';

/** Jaccard similarity of the word pairs of two rows from which on they count as nearly the same. */
export const NEAR_DUPLICATE = 0.7;

/** What two rows have alike when they are the same example: every text with its role, but for whitespace. */
export function exactKey({ row, parts }: CheckedRow): string {
  const texts = parts.map(({ role, text }) => [role, sameText(text)]);
  if (row.kind === 'tokens') return JSON.stringify([row.inputIds, row.labels]);
  const more =
    row.kind === 'messages'
      ? [row.tools, row.messages.map(({ tool_calls, scored }) => [tool_calls, scored])]
      : [row.kind, row.kind === 'labelled' && row.label];
  return JSON.stringify([texts, more]);
}

/** Question and answer; of a preference row the worse answer too. */
const spoken = ({ row, question, answer }: CheckedRow): string =>
  `${question}\n${answer}${row.kind === 'preference' ? `\n${row.rejected.map(({ content }) => content).join('\n')}` : ''}`;

/** Numbers, days, colours and negations of a row: rows that differ in one of them are two examples, however alike. */
function valuesOf(row: CheckedRow): string {
  const content = contentOf(spoken(row));
  return `${content.values}|${content.isNegative}`;
}

/**
 * Pairs of rows that are nearly the same: the same words in other case and punctuation, or word pairs with a Jaccard
 * similarity of at least NEAR_DUPLICATE, with the same numbers and negations. Rows that are the same are left to the caller.
 */
export async function nearPairs(
  rows: readonly CheckedRow[],
  pause: (done: number, total: number) => Promise<void>,
  accept: (a: number, b: number) => boolean = () => true,
): Promise<[number, number][]> {
  const first = new Map<string, number>();
  const same: [number, number][] = [];
  const sets: Uint32Array[] = [];
  for (const [at, row] of rows.entries()) {
    if (at % 512 === 0) await pause(at, 3 * rows.length);
    const words = `${wordsOf(row.question).join(' ')}|${wordsOf(spoken(row)).join(' ')}`;
    const known = first.get(words);
    if (known === undefined) first.set(words, at);
    else if (words.length > 1 && accept(known, at)) same.push([known, at]);
    sets.push(shinglesOf(spoken(row)));
  }
  const near = await similarPairs(
    withoutCommon(sets),
    NEAR_DUPLICATE,
    (done, total) => pause(rows.length + 2 * done, 3 * total),
    (a, b) => {
      const [x, y] = [rows[a], rows[b]];
      return x !== undefined && y !== undefined && accept(a, b) && valuesOf(x) === valuesOf(y);
    },
  );
  return [...same, ...near];
}

/** The same example twice, and examples that differ in a word or two. */
export const duplicates: RowCheck = {
  kinds: ['duplicate', 'near-duplicate'],
  label: 'duplicates',
  async find({ rows, pause }) {
    const groups = new Map<string, CheckedRow[]>();
    for (const row of rows) {
      const key = exactKey(row);
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [row]);
      else group.push(row);
    }
    const findings: Finding[] = [];
    for (const group of groups.values()) {
      if (group.length === 1) continue;
      findings.push({
        kind: 'duplicate',
        severity: 'medium',
        lines: sortedLines(group.map(({ line }) => line)),
        message: `the same example ${group.length} times`,
        fix: 'keep one of them: what is repeated is learned by heart',
      });
    }
    // Of rows that are the same one stands for all.
    const different = [...groups.values()].flatMap(([one]) => (one === undefined ? [] : [one]));
    const pairs = await nearPairs(different, pause);
    for (const group of groupPairs(pairs)) {
      findings.push({
        kind: 'near-duplicate',
        severity: 'low',
        lines: sortedLines(group.map((at) => different[at]?.line ?? 0)),
        message: `${group.length} examples that are nearly the same`,
        fix: 'keep one of them, or make them differ in what matters',
      });
    }
    return findings;
  },
};
