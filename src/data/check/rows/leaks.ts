import { sortedLines, type Finding, type RowCheck } from '../finding.ts';
import { exactKey, nearPairs } from './duplicates.ts';
import { sameQuestions } from './same-question.ts';

/** Held-out rows that training sees: the same example, the same question, or nearly the same example. */
export const leaks: RowCheck = {
  kinds: ['leak'],
  label: 'held-out rows in training',
  async find({ trained: rows, evalRows, pause }) {
    if (evalRows.length === 0) return [];
    const known = new Map<string, number[]>();
    for (const row of rows) {
      const key = exactKey(row);
      known.set(key, [...(known.get(key) ?? []), row.line]);
    }
    const exact = new Map<number, readonly number[]>();
    for (const row of evalRows) {
      const lines = known.get(exactKey(row));
      if (lines !== undefined) exact.set(row.line, lines);
    }
    const all = [...rows, ...evalRows];
    const crosses = (a: number, b: number): boolean => a < rows.length !== b < rows.length;
    const half =
      (from: number) =>
      (done: number, total: number): Promise<void> =>
        pause(from * total + done, 2 * total);
    const pairs = [...(await sameQuestions(all, half(0), crosses)), ...(await nearPairs(all, half(1), crosses))];
    const near = new Map<number, number[]>();
    for (const [a, b] of pairs) {
      const [train, held] = a < rows.length ? [all[a], all[b]] : [all[b], all[a]];
      if (train === undefined || held === undefined || exact.has(held.line)) continue;
      near.set(held.line, [...(near.get(held.line) ?? []), train.line]);
    }
    const findings: Finding[] = [];
    const tell = (found: ReadonlyMap<number, readonly number[]>, how: string): void => {
      if (found.size === 0) return;
      findings.push({
        kind: 'leak',
        severity: 'high',
        lines: sortedLines([...found.values()].flat()),
        evalLines: sortedLines(found.keys()),
        message: `${found.size} of ${evalRows.length} held-out rows ${found.size === 1 ? 'is' : 'are'} ${how} training`,
        fix: 'leave these rows out of training, or the evaluation measures what was learned by heart',
      });
    };
    tell(exact, 'also in');
    tell(near, 'nearly the same as rows in');
    return findings;
  },
};
