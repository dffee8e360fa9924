import { sortedLines, type RowCheck } from '../finding.ts';

/** Share of the rows with one answer from which on a model learns little but that answer. */
const ONE_ANSWER = 0.9;
/** Of fewer rows nothing can be said. */
const MIN_ROWS = 10;

/** One answer, but for whitespace, to nearly all of the different questions. */
export const oneAnswer: RowCheck = {
  kinds: ['one-answer'],
  label: 'how the answers are spread',
  find({ rows }) {
    const asked = rows.filter(({ row, question }) => row.kind === 'messages' && question !== '');
    const byAnswer = new Map<string, number[]>();
    for (const { answer, line } of asked) {
      const text = answer.trim().replace(/\s+/g, ' ');
      const lines = byAnswer.get(text);
      if (lines === undefined) byAnswer.set(text, [line]);
      else lines.push(line);
    }
    const most = [...byAnswer.values()].reduce((a, b) => (b.length > a.length ? b : a), []);
    if (asked.length < MIN_ROWS || most.length < ONE_ANSWER * asked.length) return Promise.resolve([]);
    return Promise.resolve([
      {
        kind: 'one-answer',
        severity: 'medium',
        lines: sortedLines(most),
        message: `the same answer to ${most.length} of ${asked.length} questions`,
        fix: 'add rows with other answers: a model learns to say this to everything',
      },
    ]);
  },
};
