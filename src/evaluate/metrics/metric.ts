/** An answer with everything that it is held against. */
export interface Judged {
  /** The answer; of a row with choices the likeliest one. */
  readonly got: string;
  readonly expected?: string;
  /** Texts that it should contain, in any case of letters. */
  readonly contains?: readonly string[];
  readonly pattern?: RegExp;
  /** Fields that it should have as JSON, with their values; more may be there. */
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly choice?: ScoredChoices;
}

/** Answers to choose from, with how likely the model holds each. */
interface ScoredChoices {
  /** Of all tokens of each answer and its end together, in nats. */
  readonly logProbs: readonly number[];
  /** Index of the right one. */
  readonly right: number;
}

/** A number that says how good answers are: 0 to 1, more is better. */
export interface Metric<Name extends string = string> {
  readonly name: Name;
  /** What it is called in a report. */
  readonly label: string;
  /** One sentence for a reader who does not know it. */
  readonly meaning: string;
  /** What a row adds; numbers are added over rows. undefined: the row says nothing about it. */
  readonly of: (row: Judged) => readonly number[] | undefined;
  /** The metric of added numbers. */
  readonly value: (sums: readonly number[]) => number;
}

/** A metric that is the mean of one score a row. */
export function meanMetric<Name extends string>({
  score,
  ...rest
}: Pick<Metric<Name>, 'name' | 'label' | 'meaning'> & {
  readonly score: (row: Judged) => number | undefined;
}): Metric<Name> {
  return {
    ...rest,
    of(row) {
      const scored = score(row);
      return scored === undefined ? undefined : [scored, 1];
    },
    value: ([sum = 0, count = 0]) => sum / count,
  };
}
