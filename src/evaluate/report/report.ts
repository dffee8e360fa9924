import type { Finding } from '../../data/check/finding.ts';
import type { EvaluateReport, Prediction } from '../evaluate.ts';
import type { Difference, Measure, Measures } from '../metrics/measure.ts';
import type { MetricName } from '../metrics/index.ts';
import type { BarResult, Verdict } from './gate.ts';

/** One way of answering the held-out rows. */
export interface Column {
  readonly scores: Measures;
  /** Absent of answers with examples in the prompt: their losses would be of other prompts. */
  readonly loss?: number;
  readonly perplexity?: number;
  /** Examples in a prompt on average. */
  readonly examples?: number;
}

/** What a suite found out. */
export interface SuiteResult {
  readonly name: string;
  readonly label: string;
  /** In plain words. */
  readonly sentence: string;
  /** Numbers that a bar can name, as `suite.exactMatch`. */
  readonly scores: Readonly<Record<string, Measure>>;
  /** What is usually asked of it; it decides nothing about the whole, unlike a bar that names its numbers. */
  readonly usual?: BarResult;
  /** Some answers that are wrong. */
  readonly wrong: readonly WrongAnswer[];
}

export interface WrongAnswer extends Omit<Prediction, 'expected'> {
  /** What was expected, or why the answer is wrong. */
  readonly expected: string;
}

/** Whether tuning did more than examples in the prompt do. */
export interface TuningNeed {
  readonly needed: 'yes' | 'no' | 'cannot-tell';
  readonly sentence: string;
}

/** How much better the model is on rows that it was trained on. */
export interface Generalisation {
  readonly trainLoss: number;
  readonly heldOutLoss: number;
  /** heldOutLoss - trainLoss, in nats a token. */
  readonly gap: number;
  /** Exact answers to trained questions. */
  readonly trainExactMatch: number | null;
  readonly sentence: string;
}

/** As `weblora data check` prints it. */
export type ExampleFinding = Pick<Finding, 'kind' | 'severity' | 'lines' | 'evalLines' | 'message' | 'fix'>;

/** What an evaluation says of a model, beside the numbers of `EvaluateReport`. */
export interface ModelReport extends EvaluateReport {
  readonly verdict: Verdict;
  /** The verdict in plain words. */
  readonly headline: string;
  readonly bars: readonly BarResult[];
  /** Whether nobody set a bar, so that a usual one was taken. */
  readonly isUsualBar: boolean;
  /** Rows with which it could be told; where it can be told, absent. */
  readonly rowsNeeded?: number;
  /** The metric that the columns are compared by. */
  readonly mainMetric: MetricName;
  readonly tuning?: TuningNeed;
  /** Of the model without the adapter, if there is one. */
  readonly base?: Column;
  /** Of the model without the adapter, with an instruction and the best-matching training rows in its prompt. */
  readonly prompted?: Column;
  /** Of the adapter; absent where the model has none. */
  readonly tuned?: Column;
  /** By the main metric. */
  readonly tunedOverBase?: Difference;
  readonly tunedOverPrompted?: Difference;
  readonly generalisation?: Generalisation;
  /** What `weblora data check` says of the training rows and these held-out rows; absent without training rows. */
  readonly findings?: readonly ExampleFinding[];
  readonly suites: readonly SuiteResult[];
  readonly wrong: readonly WrongAnswer[];
  /** Answers that were wrong in all; `wrong` lists the first of them. */
  readonly wrongCount: number;
  /** What was not measured, and why. */
  readonly notMeasured: readonly string[];
}
