import { prepareExamples } from '../../data/prepare.ts';
import type { Example } from '../../data/rows.ts';
import { WebLoraError } from '../../errors.ts';
import { answerQuestions } from '../evaluate.ts';
import { logProbsOf } from '../log-probs.ts';
import { likeliest, METRICS, METRIC_NAMES, type Judged } from '../metrics/index.ts';
import { measureAll } from '../metrics/measure.ts';
import type { SuiteResult } from '../report/report.ts';
import type { Subject } from './subject.ts';
import type { SuiteRow } from './suite-file.ts';

/** How the rows of a suite are called in bars: `suite.exactMatch`. */
export const OWN_SUITE = 'suite';
/** Wrong answers that are listed. */
const LISTED = 10;

/** A row of a suite in tokens. */
export interface PreparedSuiteRow extends SuiteRow {
  readonly promptIds: readonly number[];
  /** The conversation with each choice as its answer, which alone is scored, its end included. */
  readonly choiceExamples?: readonly Example[];
}

/** @throws `bad-data` for a choice that does not fit the context, `bad-tokenizer` */
export function prepareSuite(
  rows: readonly SuiteRow[],
  { tokenizer, context, vocabSize }: Pick<Subject, 'tokenizer' | 'context' | 'vocabSize'>,
): PreparedSuiteRow[] {
  return rows.map((row) => {
    const promptIds = tokenizer.encodePrompt(row.messages);
    if (row.choices === undefined) return { ...row, promptIds };
    const file = `the suite, row ${row.line}`;
    const { examples, problems, truncated } = prepareExamples(
      row.choices.texts.map((content, i) => ({
        kind: 'messages',
        line: i,
        messages: [
          // Earlier answers are not what is chosen.
          ...row.messages.map((message) => ({ ...message, scored: false })),
          { role: 'assistant', content },
        ],
      })),
      tokenizer,
      { file, seqLen: context, contextLength: context, vocabSize, lossOn: 'completion', withQuestions: false },
    );
    const [problem] = problems;
    if (problem !== undefined || truncated.length > 0) {
      throw new WebLoraError('bad-data', file, {
        got: problem === undefined ? `more than ${context} tokens with a choice` : (problem.phrase ?? problem.reason),
        wanted: 'a question and choices that fit the context',
        fix: 'shorten the row',
      });
    }
    return { ...row, promptIds, choiceExamples: examples };
  });
}

const askedText = ({ messages }: SuiteRow): string => messages.findLast(({ role }) => role === 'user')?.content ?? '';

/** What a row wants, for a reader. */
function wantedOf({ expected, contains, pattern, fields, choices }: SuiteRow): string {
  return [
    expected ?? [],
    contains?.map((text) => `contains "${text}"`) ?? [],
    pattern === undefined ? [] : `matches ${pattern.source}`,
    fields === undefined ? [] : `has ${JSON.stringify(fields)}`,
    choices?.texts[choices.right] ?? [],
  ]
    .flat()
    .join('; ');
}

/** Asks the rows of a suite and holds the answers against their checks. */
export async function runOwnSuite(rows: readonly PreparedSuiteRow[], subject: Subject): Promise<SuiteResult> {
  // A row that only chooses writes no answer.
  const written = rows.filter(
    ({ choices, expected, contains, pattern, fields }) =>
      choices === undefined || [expected, contains, pattern, fields].some((check) => check !== undefined),
  );
  const answers = await answerQuestions(
    written.map(({ line, promptIds }) => ({ row: line, promptIds })),
    subject,
  );
  const gotOf = new Map(answers.map(({ row, got }) => [row, got]));
  const judged: Judged[] = [];
  for (const row of rows) {
    const { choices, choiceExamples, expected, contains, pattern, fields } = row;
    const logProbs = choiceExamples && (await logProbsOf(choiceExamples, subject.scoring));
    judged.push({
      got: gotOf.get(row.line) ?? choices?.texts[likeliest(logProbs ?? [])] ?? '',
      ...(expected !== undefined && { expected }),
      ...(contains && { contains }),
      ...(pattern && { pattern }),
      ...(fields && { fields }),
      ...(choices && logProbs && { choice: { logProbs, right: choices.right } }),
    });
  }
  const isRight = (row: Judged): boolean =>
    (['exactMatch', 'contains', 'pattern', 'jsonFields', 'choice'] as const).every((name) => {
      const part = METRICS[name].of(row);
      // Fields of an expected answer are counted by its exact match.
      return (
        part === undefined || (name === 'jsonFields' && row.fields === undefined) || METRICS[name].value(part) === 1
      );
    });
  const wrong = rows.flatMap((row, i) => {
    const { got = '' } = judged[i] ?? {};
    return judged[i] === undefined || isRight(judged[i])
      ? []
      : [{ row: row.line, prompt: askedText(row), expected: wantedOf(row), got }];
  });
  const passed = rows.length - wrong.length;
  const scores = measureAll(judged);
  return {
    name: OWN_SUITE,
    label: 'Your own suite',
    sentence: `${passed} of ${rows.length} rows pass all of their checks.`,
    scores: Object.fromEntries(
      METRIC_NAMES.flatMap((name) => (scores[name] === undefined ? [] : [[`${OWN_SUITE}.${name}`, scores[name]]])),
    ),
    wrong: wrong.slice(0, LISTED),
  };
}
