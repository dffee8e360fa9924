import type { Finding } from '../../data/check/finding.ts';
import { listLines, type Example } from '../../data/rows.ts';
import { WebLoraError } from '../../errors.ts';
import { GENERATE_SETTINGS } from '../../generate/settings.ts';
import { answerQuestions, evaluate, meanLoss, questionsOf, type EvaluateReport, type Prediction } from '../evaluate.ts';
import { isExactMatch } from '../metrics/exact-match.ts';
import { METRIC_NAMES, METRICS, type MetricName } from '../metrics/index.ts';
import { parseStructure } from '../metrics/json.ts';
import { compare, measureAll, type Measure } from '../metrics/measure.ts';
import { SUITES } from '../suites/index.ts';
import { outputRules } from '../suites/output-rules.ts';
import { runOwnSuite, type PreparedSuiteRow } from '../suites/own-suite.ts';
import type { Subject } from '../suites/subject.ts';
import { spread, type Suite } from '../suites/suite.ts';
import type { Rule } from '../suites/suite-file.ts';
import { fewShotCandidates, fewShotPrompt } from './few-shot.ts';
import { judgeBar, judgeBars, MIN_ROWS, percent, type Bar, type BarResult, type Verdict } from './gate.ts';
import type { Column, Generalisation, ModelReport, SuiteResult, TuningNeed } from './report.ts';

/** Wrong answers that are listed. */
const LISTED = 10;
/** Training rows whose loss is taken, and those that are asked. */
const TRAINED_ROWS = 100;
const TRAINED_ASKED = 20;
/** Words of an answer that can be expected letter by letter. */
const SHORT_ANSWER = 8;

export interface ReportInput {
  readonly subject: Subject;
  /** Who answers from now on. */
  readonly use: (who: 'base' | 'tuned') => Promise<void>;
  readonly hasAdapter: boolean;
  /** Held-out rows. */
  readonly examples: readonly Example[];
  readonly training?: readonly Example[];
  /** Lines of held-out rows that are left out because they were trained on. */
  readonly leaked?: readonly number[];
  readonly findings?: readonly Finding[];
  readonly suite?: readonly PreparedSuiteRow[];
  readonly rules?: readonly Rule[];
  readonly bars?: readonly Bar[];
  /** Says when time is up for everything but the model's own answers and what bars name. */
  readonly limit?: AbortSignal;
  /** Without it only what bars and the suite need is measured. */
  readonly isFull: boolean;
}

/** The bar where nobody set one: exact answers where they are short or JSON, else words in common. */
function usualBar(predictions: readonly Prediction[]): Bar {
  const isExact = ({ expected }: Prediction): boolean =>
    parseStructure(expected) !== undefined || expected.trim().split(/\s+/).length <= SHORT_ANSWER;
  const short = predictions.filter(isExact).length;
  return 2 * short >= predictions.length ? { metric: 'exactMatch', atLeast: 0.8 } : { metric: 'tokenF1', atLeast: 0.6 };
}

const isMetricName = (name: string): name is MetricName => METRIC_NAMES.some((one) => one === name);

const points = (value: number): string => `${value > 0 ? '+' : ''}${(100 * value).toFixed(1)}`;

const RIVAL = 'the base model with an instruction and the best-matching training rows in its prompt';

/**
 * Whether the tuned model is better than its base with examples, by any metric: two that get hardly an answer exactly right tie in
 * that, and may still be far apart.
 */
function tuningNeed(main: MetricName, prompted: readonly Prediction[], tuned: readonly Prediction[]): TuningNeed {
  const rows = tuned.length;
  if (rows < MIN_ROWS) {
    return {
      needed: 'cannot-tell',
      sentence: `Whether ${RIVAL} does as well cannot be told from ${rows} rows; at least ${MIN_ROWS} are needed.`,
    };
  }
  const names = [main, ...METRIC_NAMES.filter((name) => name !== main)];
  const differences = names.flatMap((name) => {
    const difference = compare(METRICS[name], prompted, tuned);
    return difference === undefined ? [] : [{ name, ...difference }];
  });
  const [first] = differences;
  if (first === undefined) return { needed: 'cannot-tell', sentence: `No row compares it with ${RIVAL}.` };
  const range = ({ name, low, high }: typeof first): string =>
    `in "${METRICS[name].label}" the difference is between ${points(low)} and ${points(high)} points`;
  const better = differences.find(({ low }) => low > 0);
  if (better !== undefined) return { needed: 'yes', sentence: `Tuning did more than ${RIVAL}: ${range(better)}.` };
  const how = first.high < 0 ? 'does better' : 'does as well';
  return { needed: 'no', sentence: `Tuning was not needed: ${RIVAL} ${how}; ${range(first)}.` };
}

function headlineOf(verdict: Verdict, results: readonly BarResult[], rowsNeeded: number | undefined): string {
  if (verdict === 'ready') return 'Ready: on rows that it was not trained on it reaches what was asked of it.';
  if (verdict === 'not-ready') {
    const missed = results.filter((result) => result.verdict === 'not-ready').length;
    return `Not ready: ${results.length === 1 ? 'it misses the bar' : `it misses ${missed} of ${results.length} bars`}.`;
  }
  return rowsNeeded === undefined
    ? 'Cannot tell: the numbers do not settle it.'
    : `Cannot tell: there are too few rows. About ${rowsNeeded} are needed.`;
}

function describeGap(gap: number, trained: number | null, heldOut: number | null): string {
  const loss = `On rows that it was trained on its loss is ${Math.abs(gap).toFixed(2)} nats a token ${gap >= 0 ? 'lower' : 'higher'} than on held-out ones`;
  if (trained === null || heldOut === null) return `${loss}.`;
  const answers = `it gets ${percent(trained)} of trained and ${percent(heldOut)} of held-out questions exactly right`;
  const heart = trained >= 0.7 && heldOut < 0.5 ? ' It knows its examples by heart and fails on new questions.' : '';
  return `${loss}; ${answers}.${heart}`;
}

/** Numbers of an `EvaluateReport` for a column. */
const columnOf = ({ scores, loss, perplexity }: EvaluateReport): Column => ({ scores, loss, perplexity });

/**
 * Measures a model on held-out rows, against itself without the adapter and with examples in the prompt, and says what is to be
 * thought of it. Stopping keeps what was measured once the model itself was.
 * @throws `aborted` before that
 */
export async function makeReport(request: ReportInput): Promise<ModelReport> {
  const { use, hasAdapter, examples, training, suite, rules = [], bars: given, isFull, limit } = request;
  let measuring = 'own';
  const subject: Subject = {
    ...request.subject,
    onProgress: (progress) => request.subject.onProgress?.({ ...progress, part: measuring }),
  };
  const { leaked = [], findings } = request;
  const { tokenizer, context, maxNewTokens = GENERATE_SETTINGS.maxNewTokens.default } = subject;
  const self = hasAdapter ? 'tuned' : 'base';
  await use(self);
  const { predictions, ...own } = await evaluate({ ...subject, ...subject.scoring, examples });

  const notMeasured: string[] = [];
  if (leaked.length > 0) {
    const rows = leaked.length === 1 ? '1 held-out row' : `${leaked.length} held-out rows`;
    notMeasured.push(`${rows} (${listLines(leaked)}): in the training rows too, question and answer`);
  }
  /** Set where something ended the evaluation. */
  let ended: string | undefined;
  const signals = [subject.signal, limit].filter((signal) => signal !== undefined);
  const signal = AbortSignal.any(signals);
  const limited: Subject = { ...subject, signal, scoring: { ...subject.scoring, signal } };
  /** A part that may be missing: after a stop, or where a text says why. */
  const part = async <T>(id: string, name: string, run: () => Promise<T | string>): Promise<T | undefined> => {
    if (ended !== undefined) {
      notMeasured.push(`${name}: ${ended} before`);
      return undefined;
    }
    measuring = id;
    try {
      const result = await run();
      if (typeof result !== 'string') return result;
      notMeasured.push(`${name}: ${result}`);
    } catch (thrown) {
      if (!(thrown instanceof WebLoraError) || thrown.code !== 'aborted') throw thrown;
      ended = subject.signal?.aborted === true ? 'stopped' : 'time was up';
      notMeasured.push(`${name}: ${ended} before its end`);
    }
    return undefined;
  };

  const bars = given ?? [usualBar(predictions)];
  const wantedMetrics = new Set(bars.map(({ metric }) => metric));
  const suites: SuiteResult[] = [];
  if (suite !== undefined && suite.length > 0) {
    const result = await part('suite', 'Your own suite', () => runOwnSuite(suite, subject));
    if (result) suites.push(result);
  }
  /** Not left out for want of time: bars or rules need it, or it takes none. */
  const isWanted = ({ name, metrics, asksNothing = false }: Suite): boolean =>
    (isFull && asksNothing) ||
    metrics.some((metric) => wantedMetrics.has(metric)) ||
    (name === outputRules.name && rules.length > 0);
  const runSuites = async (chosen: readonly Suite[], who: Subject): Promise<void> => {
    for (const one of chosen) {
      const result = await part(one.name, one.label, () =>
        one.run({ subject: who, use, hasAdapter, examples, predictions, training, rules }),
      );
      if (result) suites.push(result);
    }
  };
  await runSuites(SUITES.filter(isWanted), subject);

  const others = { base: [] as readonly Prediction[], prompted: [] as readonly Prediction[] };
  let base: Column | undefined = hasAdapter ? undefined : columnOf({ ...own, predictions });
  let prompted: Column | undefined;
  let generalisation: Generalisation | undefined;
  if (isFull) {
    if (hasAdapter) {
      base = await part('base', 'The base model', async () => {
        await use('base');
        const report = await evaluate({ ...limited, ...limited.scoring, examples });
        others.base = report.predictions;
        return columnOf(report);
      });
    }
    prompted = await part('prompted', 'The base model with examples in its prompt', async () => {
      if (training === undefined) return 'the training rows are not at hand';
      await use('base');
      const candidates = fewShotCandidates(training);
      const asked = questionsOf(examples);
      const byLine = new Map(examples.map((example) => [example.line, example]));
      const prompts = asked.map(({ row }) => {
        const example = byLine.get(row);
        return example && fewShotPrompt(example, candidates, tokenizer, context - maxNewTokens);
      });
      if (prompts.some((prompt) => prompt === undefined))
        return 'some questions leave no room for examples, or come with tools or as tokens';
      const answered = await answerQuestions(
        asked.map((question, i) => ({ ...question, promptIds: prompts[i]?.promptIds ?? [] })),
        limited,
      );
      others.prompted = answered;
      const shown = prompts.reduce((sum, prompt) => sum + (prompt?.examples ?? 0), 0);
      return { scores: measureAll(answered), examples: shown / Math.max(1, prompts.length) };
    });
    await use(self);
    generalisation = await part('generalisation', 'Generalisation', async () => {
      if (training === undefined) return 'the training rows are not at hand';
      const trained = spread(training, TRAINED_ROWS);
      const { loss: trainLoss } = await meanLoss({ ...limited.scoring, examples: trained });
      const asked = questionsOf(spread(training, TRAINED_ASKED));
      const { exactMatch } = measureAll(await answerQuestions(asked, limited));
      const trainExactMatch = exactMatch?.value ?? null;
      const gap = own.loss - trainLoss;
      const sentence = describeGap(gap, trainExactMatch, own.exactMatch);
      return { trainLoss, heldOutLoss: own.loss, gap, trainExactMatch, sentence };
    });
    await runSuites(
      SUITES.filter((one) => !isWanted(one)),
      limited,
    );
  }

  const measures: Readonly<Record<string, Measure | undefined>> = Object.assign(
    { ...own.scores },
    ...suites.map(({ scores }) => scores),
  ) as Record<string, Measure>;
  const labelOf = (metric: string): string =>
    isMetricName(metric) ? METRICS[metric].label : (suites.find(({ scores }) => metric in scores)?.label ?? metric);
  const results = bars.map((bar) => judgeBar(bar, measures[bar.metric], sentenceCase(labelOf(bar.metric))));
  const verdict = judgeBars(results);
  const needed = results.flatMap(({ verdict: one, rowsNeeded }) => (one === 'cannot-tell' ? (rowsNeeded ?? []) : []));
  const rowsNeeded = verdict === 'cannot-tell' && needed.length > 0 ? Math.max(...needed) : undefined;
  const mainMetric = bars.map(({ metric }) => metric).find(isMetricName) ?? 'exactMatch';
  const against = (rows: readonly Prediction[]): ModelReport['tunedOverBase'] =>
    hasAdapter && rows.length > 0 ? compare(METRICS[mainMetric], rows, predictions) : undefined;
  const [tunedOverBase, tunedOverPrompted] = [against(others.base), against(others.prompted)];
  const tuning = tunedOverPrompted && tuningNeed(mainMetric, others.prompted, predictions);
  const wrong = predictions.filter(({ got, expected }) => !isExactMatch(got, expected));
  return {
    ...own,
    predictions,
    verdict,
    headline: [headlineOf(verdict, results, rowsNeeded), ...(tuning?.needed === 'no' ? [tuning.sentence] : [])].join(
      ' ',
    ),
    bars: results,
    isUsualBar: given === undefined,
    ...(rowsNeeded !== undefined && { rowsNeeded }),
    mainMetric,
    ...(tuning && { tuning }),
    ...(base && { base }),
    ...(prompted && { prompted }),
    ...(hasAdapter && { tuned: columnOf({ ...own, predictions }) }),
    ...(tunedOverBase && { tunedOverBase }),
    ...(tunedOverPrompted && { tunedOverPrompted }),
    ...(generalisation && { generalisation }),
    ...(findings && {
      findings: findings.map(({ kind, severity, lines, evalLines, message, fix }) => ({
        ...{ kind, severity, lines, message, fix },
        ...(evalLines && { evalLines }),
      })),
    }),
    suites: inOrder(suites),
    wrong: wrong.slice(0, LISTED),
    wrongCount: wrong.length,
    notMeasured,
  };
}

/** The suite of one's own, then those of every report in their order. */
function inOrder(suites: readonly SuiteResult[]): SuiteResult[] {
  const place = ({ name }: SuiteResult): number => SUITES.findIndex((suite) => suite.name === name);
  return [...suites].sort((a, b) => place(a) - place(b));
}

const sentenceCase = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);
