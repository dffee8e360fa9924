import { chrfCounts, chrfOf } from './chrf.ts';
import { isExactMatch } from './exact-match.ts';
import { fieldAccuracy, isSameValue, parseStructure } from './json.ts';
import { meanMetric, type Judged, type Metric } from './metric.ts';
import { rougeL } from './rouge-l.ts';
import { tokenF1 } from './token-f1.ts';

export type { Judged, Metric } from './metric.ts';

/** An expected answer that is an object or a list. */
const structureOf = ({ expected }: Judged): object | undefined =>
  expected === undefined ? undefined : parseStructure(expected);

const share = (values: readonly boolean[]): number => values.filter(Boolean).length / values.length;

/** The index of the largest; of equal ones the first. */
export const likeliest = (logProbs: readonly number[]): number => logProbs.indexOf(Math.max(...logProbs));

/** Every metric, in the order of a report. */
export const METRICS = {
  exactMatch: meanMetric({
    name: 'exactMatch',
    label: 'exactly right',
    meaning: 'Answers that are the expected one, letter by letter (JSON: the same values).',
    score: ({ got, expected }) => (expected === undefined ? undefined : Number(isExactMatch(got, expected))),
  }),
  tokenF1: meanMetric({
    name: 'tokenF1',
    label: 'same words (F1)',
    meaning: 'How far the words of an answer are those of the expected one, whatever their order.',
    score: ({ got, expected }) => (expected === undefined ? undefined : tokenF1(got, expected)),
  }),
  rougeL: meanMetric({
    name: 'rougeL',
    label: 'same words in order (ROUGE-L)',
    meaning: 'How far the words of an answer are those of the expected one, in the same order.',
    score: ({ got, expected }) => (expected === undefined ? undefined : rougeL(got, expected)),
  }),
  chrf: {
    name: 'chrf',
    label: 'same letters (chrF)',
    meaning: 'How far the pieces of up to six letters are those of the expected answers; small slips cost little.',
    of: ({ got, expected }) => (expected === undefined ? undefined : chrfCounts(got, expected)),
    value: (sums) => chrfOf(sums),
  },
  jsonValid: meanMetric({
    name: 'jsonValid',
    label: 'valid JSON',
    meaning: 'Where JSON is expected: answers that a program can read.',
    score: (row) =>
      structureOf(row) === undefined && row.fields === undefined
        ? undefined
        : Number(parseStructure(row.got) !== undefined),
  }),
  jsonFields: meanMetric({
    name: 'jsonFields',
    label: 'right JSON fields',
    meaning: 'Where JSON is expected: the share of fields with the right value; a field too many counts as wrong.',
    score(row) {
      const got = parseStructure(row.got);
      if (row.fields !== undefined) {
        const said = new Map<string, unknown>(Object.entries(got ?? {}));
        return share(
          Object.entries(row.fields).map(([key, value]) => said.has(key) && isSameValue(said.get(key), value)),
        );
      }
      const expected = structureOf(row);
      if (expected === undefined) return undefined;
      return got === undefined ? 0 : fieldAccuracy(got, expected);
    },
  }),
  contains: meanMetric({
    name: 'contains',
    label: 'says what it must',
    meaning: 'The share of the texts that an answer must contain.',
    score: ({ got, contains }) =>
      contains === undefined
        ? undefined
        : share(contains.map((text) => got.toLowerCase().includes(text.toLowerCase()))),
  }),
  pattern: meanMetric({
    name: 'pattern',
    label: 'has the wanted form',
    meaning: 'Answers in which the pattern of their row is found.',
    score: ({ got, pattern }) => (pattern === undefined ? undefined : Number(pattern.test(got))),
  }),
  choice: meanMetric({
    name: 'choice',
    label: 'right choice',
    meaning: 'Rows with choices whose right answer the model holds for the likeliest.',
    score: ({ choice }) => (choice === undefined ? undefined : Number(likeliest(choice.logProbs) === choice.right)),
  }),
} satisfies { readonly [Name in string]: Metric<Name> };

export type MetricName = keyof typeof METRICS;
export const METRIC_NAMES = Object.keys(METRICS) as readonly MetricName[];
