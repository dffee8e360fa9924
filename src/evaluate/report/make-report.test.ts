import { describe, expect, it } from 'vitest';
import type { Finding } from '../../data/check/finding.ts';
import { toyExamples, toySubject, type Script } from '../toy-subject.ts';
import { reportHtml } from './html.ts';
import { withoutTrained } from './leaked-rows.ts';
import { SUITES } from '../suites/index.ts';
import { makeReport, type ReportInput } from './make-report.ts';
import type { ModelReport } from './report.ts';

const TOPICS = ['wool', 'silk', 'felt', 'yarn', 'lace', 'cord'];
/** `where is wool 3?` -> `shelf 3` */
const pairs = (count: number, from = 0): (readonly [string, string])[] =>
  Array.from({ length: count }, (_, i) => [`where is ${TOPICS[i % 6] ?? ''} ${i + from}?`, `shelf ${i + from}`]);
const held = toyExamples(pairs(30));
const training = toyExamples(pairs(5, 100));

const right = (question: string): string => `shelf ${/\d+/.exec(question)?.[0] ?? ''}`;
const knows: Script = (question, who) => (who === 'tuned' ? right(question) : 'no idea');

async function reportOf(script: Script, more: Partial<ReportInput> = {}): Promise<ModelReport> {
  const { subject, use } = toySubject(script, { lossOf: (_, who) => (who === 'tuned' ? 0.5 : 2) });
  return makeReport({ subject, use, hasAdapter: true, examples: held, training, isFull: true, ...more });
}

describe('a report', () => {
  it('says ready of a model that answers right, beside its base and its base with examples', async () => {
    const report = await reportOf(knows);
    expect(report.verdict).toBe('ready');
    expect(report.headline).toBe('Ready: on rows that it was not trained on it reaches what was asked of it.');
    expect(report.bars).toMatchObject([{ bar: { metric: 'exactMatch', atLeast: 0.8 }, verdict: 'ready' }]);
    expect(report.isUsualBar).toBe(true);
    expect([report.base, report.prompted, report.tuned].map((column) => column?.scores.exactMatch?.value)).toEqual([
      0, 0, 1,
    ]);
    expect([report.base?.loss, report.prompted?.loss, report.tuned?.loss]).toEqual([2, undefined, 0.5]);
    expect(report.tunedOverBase).toMatchObject({ value: 1, low: 1, high: 1, rows: 30 });
    expect(report.tuning?.needed).toBe('yes');
    expect(report).toMatchObject({ rows: 30, loss: 0.5, exactMatch: 1, wrongCount: 0 });
    expect(report.notMeasured).toEqual(['Repeats training rows: no training row has 8 words in a row']);
    expect(report.suites.map(({ name, usual }) => [name, usual?.verdict])).toEqual([
      ['robustness', 'ready'],
      ['forgetting', 'ready'],
      ['hallucination', 'ready'],
      ['safety', 'ready'],
      ['rules', 'ready'],
    ]);
    expect(report.generalisation).toMatchObject({ gap: 0, trainExactMatch: 1 });
  });

  it('says that tuning was not needed where the base with examples does as well', async () => {
    const report = await reportOf((question, who, prompt) =>
      who === 'tuned' || prompt.includes('shelf') ? right(question) : 'no idea',
    );
    expect(report.prompted?.scores.exactMatch?.value).toBe(1);
    expect(report.prompted?.examples).toBe(5);
    expect(report.tuning?.needed).toBe('no');
    expect(report.headline).toMatch(/^Ready: .* Tuning was not needed: /);
  });

  it('says not ready of one that answers wrong, and shows some of what is wrong', async () => {
    const report = await reportOf(() => 'shelf');
    expect(report.verdict).toBe('not-ready');
    expect(report.headline).toMatch(/^Not ready: it misses the bar\. Tuning was not needed/);
    expect(report.wrongCount).toBe(30);
    expect(report.wrong).toHaveLength(10);
    expect(report.wrong[0]).toEqual({ row: 1, prompt: 'where is wool 0?', expected: 'shelf 0', got: 'shelf' });
  });

  it('cannot tell under 30 rows, and says how many are needed', async () => {
    const report = await reportOf(knows, { examples: toyExamples(pairs(12)) });
    expect(report).toMatchObject({ verdict: 'cannot-tell', rowsNeeded: 30, rows: 12 });
    expect(report.headline).toBe('Cannot tell: there are too few rows. About 30 are needed.');
    expect(report.tuning?.needed).toBe('cannot-tell');
  });

  it('takes bars of one’s own, and without a full report measures no more than these need', async () => {
    const bars = [
      { metric: 'chrf', atLeast: 0.85 },
      { metric: 'rougeL', atMost: 0.5 },
    ] as const;
    const report = await reportOf(knows, { bars, isFull: false });
    expect(report.bars.map(({ verdict }) => verdict)).toEqual(['ready', 'not-ready']);
    expect(report.headline).toBe('Not ready: it misses 1 of 2 bars.');
    expect(report.mainMetric).toBe('chrf');
    expect([report.base, report.prompted, report.generalisation]).toEqual([undefined, undefined, undefined]);
    expect(report.suites).toEqual([]);
  });

  it('asks for words in common where answers are long', async () => {
    const long = 'You find it on the shelf beside the door, next to the long counter.';
    const rows = toyExamples(pairs(30).map(([question]) => [question, long]));
    const report = await reportOf(() => long.replace('long ', ''), { examples: rows, isFull: false });
    expect(report.bars[0]?.bar).toEqual({ metric: 'tokenF1', atLeast: 0.6 });
    expect(report.verdict).toBe('ready');
  });

  it('names a model that knows its rows by heart', async () => {
    const trained = new Set(training.map(({ promptText }) => promptText));
    const { subject, use } = toySubject((question) => (trained.has(question) ? right(question) : 'shelf'));
    const report = await makeReport({ subject, use, hasAdapter: true, examples: held, training, isFull: true });
    expect(report.generalisation).toMatchObject({ trainExactMatch: 1 });
    expect(report.generalisation?.sentence).toContain('by heart');
  });

  it('tells what it is measuring', async () => {
    const { subject, use } = toySubject(knows);
    const parts: (string | undefined)[] = [];
    await makeReport({
      subject: { ...subject, onProgress: ({ part }) => parts.push(part) },
      ...{ use, hasAdapter: true, examples: held, training, isFull: true },
    });
    const inOrder = parts.filter((part, i) => part !== parts[i - 1]);
    expect(inOrder.slice(0, 4)).toEqual(['own', 'base', 'prompted', 'generalisation']);
    expect(new Set(inOrder).size).toBe(inOrder.length);
    expect(SUITES.map(({ name }) => name)).toEqual(expect.arrayContaining(inOrder.slice(4)));
  });

  it('keeps what was measured when it is stopped', async () => {
    const abort = new AbortController();
    const { subject, use } = toySubject(knows, { signal: abort.signal });
    const report = await makeReport({
      subject,
      use: (who) => {
        if (who === 'base') abort.abort();
        return use(who);
      },
      hasAdapter: true,
      examples: held,
      training,
      isFull: true,
    });
    expect(report).toMatchObject({ verdict: 'ready', exactMatch: 1 });
    expect(report.base).toBeUndefined();
    expect(report.notMeasured).toEqual([
      'Repeats training rows: no training row has 8 words in a row',
      'The base model: stopped before its end',
      'The base model with examples in its prompt: stopped before',
      'Generalisation: stopped before',
      ...['Asked differently', 'What it forgot', 'Invented prices, dates and links', 'Orders, harm and fairness'].map(
        (name) => `${name}: stopped before`,
      ),
    ]);
  });

  it('does not call tuning needless for a tie of two that are hardly ever exactly right', async () => {
    const report = await reportOf((question, who) => (who === 'tuned' ? `${right(question)}!` : 'no idea'));
    expect(report.tunedOverPrompted).toMatchObject({ value: 0, low: 0, high: 0 });
    expect(report.tuning?.needed).toBe('yes');
    expect(report.headline).toBe('Not ready: it misses the bar.');
  });

  it('leaves out what nobody asked for when time is up', async () => {
    const bars = [{ metric: 'robustness.same', atLeast: 0.5 }];
    const report = await reportOf(knows, { bars, limit: AbortSignal.abort() });
    expect(report.bars).toMatchObject([{ verdict: 'ready' }]);
    expect(report.suites.map(({ name }) => name)).toEqual(['robustness', 'rules']);
    expect(report.notMeasured).toContain('The base model: time was up before its end');
    expect(report.notMeasured).toContain('Generalisation: time was up before');
  });

  it('says what is missing without training rows', async () => {
    const { subject, use } = toySubject(knows);
    const report = await makeReport({ subject, use, hasAdapter: true, examples: held, isFull: true });
    expect(report.notMeasured).toContain(
      'The base model with examples in its prompt: the training rows are not at hand',
    );
    expect(report.tuning).toBeUndefined();
  });
});

describe('rows that were trained on', () => {
  it('are left out, whatever their white space, and said', async () => {
    const { examples, leaked } = withoutTrained(held, toyExamples([['where is  silk 1?', ' shelf 1']]), 'held.jsonl');
    expect([examples.length, leaked]).toEqual([29, [2]]);
    const finding: Finding = {
      kind: 'leak',
      severity: 'high',
      lines: [1],
      evalLines: [2],
      message: '1 of 30 held-out rows is also in training',
      fix: 'leave <it> out',
    };
    const report = await reportOf(knows, { examples, leaked, findings: [finding], isFull: false });
    expect(report.notMeasured).toEqual(['1 held-out row (line 2): in the training rows too, question and answer']);
    expect(report.findings).toEqual([finding]);
    expect(reportHtml(report, { model: 'x', data: 'y' })).toContain('leave &#60;it&#62; out');
    expect(() => withoutTrained(held, held, 'held.jsonl')).toThrow(/only rows that were trained on/);
  });
});

describe('the page', () => {
  it('begins with the verdict, draws all columns, and is closed to what answers say', async () => {
    const hostile = '<script>alert(1)</script> & "quotes" \'too\' <img src=x onerror=alert(1)>';
    const report = await reportOf((question, who) => (who === 'tuned' ? hostile : 'no'));
    const page = reportHtml(report, { model: '<model>', adapter: 'runs/"x"', data: 'held.jsonl' });
    expect(page).toMatch(/<body>\s*<h1 class="not-ready">Not ready<\/h1>/);
    expect(page).not.toMatch(/<script|<img|<model>|onerror=alert\(1\)>/);
    expect(page).toContain('&#60;script&#62;alert(1)&#60;/script&#62; &#38; &#34;quotes&#34; &#39;too&#39;');
    expect(page.match(/<rect /g)).toHaveLength(3);
    expect(page).not.toMatch(/https?:|NaN|undefined/);
    expect(page).toContain("default-src 'none'");
  });
});
