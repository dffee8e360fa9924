import { measureAll, compare } from '../../src/evaluate/metrics/measure.ts';
import { METRICS } from '../../src/evaluate/metrics/index.ts';
import { judgeBar, judgeBars, parseGate } from '../../src/evaluate/report/gate.ts';
import { BAR_METRICS, SUITES } from '../../src/evaluate/suites/index.ts';
import { suiteResult } from '../../src/evaluate/suites/suite-result.ts';
import type { Call, ModelReport, ProgressEvent, ReportRequest } from '../../src/engine/calls.ts';

/** Shares of right answers, and the milliseconds that each part takes. */
interface Script {
  readonly tuned: number;
  readonly trained: number;
  readonly prompted: number;
  readonly ms: number;
}

interface Asked {
  readonly row: number;
  readonly prompt: string;
  readonly expected: string;
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export function questions(bytes: Uint8Array): Asked[] {
  const lines = new TextDecoder().decode(bytes).split('\n');
  return lines.flatMap((line, i) => {
    if (line.trim() === '') return [];
    const row = JSON.parse(line) as {
      readonly messages?: readonly { readonly role: string; readonly content: string }[];
      readonly prompt?: string;
      readonly completion?: string;
      readonly question?: string;
      readonly answer?: string;
    };
    if (row.prompt !== undefined) return [{ row: i + 1, prompt: row.prompt, expected: row.completion ?? '' }];
    if (row.question !== undefined) return [{ row: i + 1, prompt: row.question, expected: row.answer ?? '' }];
    const said = (role: string): string => row.messages?.findLast((message) => message.role === role)?.content ?? '';
    return [{ row: i + 1, prompt: said('user'), expected: said('assistant') }];
  });
}

/** A report of answers that are scripted; verdict, ranges and comparisons are those of the real one. */
export async function scriptedReport(
  { data, gate, trainData }: ReportRequest,
  { emit, signal }: Call<ProgressEvent>,
  script: Script,
): Promise<ModelReport> {
  const asked = questions(data.bytes);
  const answer = (share: number) =>
    asked.map((one, i) => ({
      ...one,
      // Spread over the rows: an answer is right where the count of right ones goes up.
      got: Math.floor((i + 1) * share) > Math.floor(i * share) ? one.expected : 'I am not sure.',
    }));
  const stopped = new Promise((resolve) => signal.addEventListener('abort', resolve));
  /** @returns false after a stop */
  const part = async (name: string): Promise<boolean> => {
    for (let done = 1; done <= 4 && !signal.aborted; done += 1) {
      emit({ phase: 'answering held-out rows', done, total: 4, unit: 'rows', part: name });
      await Promise.race([wait(script.ms / 4), stopped]);
    }
    return !signal.aborted;
  };
  const tuned = answer(script.tuned);
  const scores = measureAll(tuned);
  const hasBase = await part('base');
  const hasSuites = await part('robustness');
  const [base, prompted] = [answer(0), answer(script.prompted)];
  const suites = SUITES.map((suite) =>
    suiteResult(suite, {
      passed: new Map(suite.metrics.map((metric) => [metric, tuned.map(() => true)])),
      usual: { metric: suite.metrics[0] ?? '', atLeast: 0.8 },
      sentence: 'scripted',
      wrong: [],
    }),
  );
  const bars =
    gate === undefined ? [{ metric: 'exactMatch', atLeast: 0.8 }] : parseGate(JSON.stringify(gate), 'bar', BAR_METRICS);
  const measured = Object.assign({}, scores, ...(hasSuites ? suites : []).map((suite) => suite.scores)) as Record<
    string,
    NonNullable<typeof scores.exactMatch> | undefined
  >;
  const results = bars.map((bar) => judgeBar(bar, measured[bar.metric], bar.metric));
  const verdict = judgeBars(results);
  const needed = results.flatMap(({ verdict: one, rowsNeeded }) => (one === 'cannot-tell' ? (rowsNeeded ?? []) : []));
  const over = hasBase && trainData !== undefined ? compare(METRICS.exactMatch, prompted, tuned) : undefined;
  const wrong = tuned.filter(({ got, expected }) => got !== expected);
  const tells = asked.length >= 30;
  return {
    rows: asked.length,
    loss: 0.4,
    perplexity: 1.5,
    tokens: 400,
    exactMatch: scores.exactMatch?.value ?? null,
    scores,
    predictions: tuned,
    verdict,
    headline: verdict,
    bars: results,
    isUsualBar: gate === undefined,
    ...(needed.length > 0 && { rowsNeeded: Math.max(...needed) }),
    mainMetric: 'exactMatch',
    ...(over && {
      tuning: { needed: !tells ? 'cannot-tell' : over.low > 0 ? 'yes' : 'no', sentence: 'scripted' } as const,
    }),
    ...(hasBase && { base: { scores: measureAll(base), loss: 3, perplexity: 20 } }),
    ...(hasBase && trainData !== undefined && { prompted: { scores: measureAll(prompted), examples: 8 } }),
    tuned: { scores, loss: 0.4, perplexity: 1.5 },
    ...(hasSuites && {
      generalisation: {
        trainLoss: 0.2,
        heldOutLoss: 0.4,
        gap: 0.2,
        trainExactMatch: script.trained,
        sentence: 'scripted',
      },
    }),
    suites: hasSuites ? suites : [],
    wrong: wrong.slice(0, 10),
    wrongCount: wrong.length,
    notMeasured: [
      ...(hasBase ? [] : ['The base model: stopped before its end']),
      ...(hasSuites ? [] : ['Forgetting: stopped before']),
    ],
  };
}
