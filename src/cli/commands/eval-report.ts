import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { Dataset } from '../../data/dataset.ts';
import { WebLoraError } from '../../errors.ts';
import type { Prediction } from '../../evaluate/evaluate.ts';
import { METRIC_NAMES } from '../../evaluate/metrics/index.ts';
import { MIN_ROWS, parseGate, percent, type Bar } from '../../evaluate/report/gate.ts';
import { reportHtml } from '../../evaluate/report/html.ts';
import type { ModelReport } from '../../evaluate/report/report.ts';
import { BAR_METRICS } from '../../evaluate/suites/index.ts';
import { parseSuite, type SuiteFile } from '../../evaluate/suites/suite-file.ts';
import { readDataFile, readNamedFile } from '../files.ts';
import { columnsOf, outputFile, type Flags } from '../flags.ts';
import type { Output } from '../output.ts';
import { systemPrompt, withSession } from '../session.ts';
import { abortOnStop } from '../stop-signals.ts';
import { writeFileWhole } from '../write-whole.ts';

/** What the flags of a report say, read and checked before a model is opened. */
export interface WantedReport {
  readonly path: string | undefined;
  readonly predictions: string | undefined;
  readonly trainData: Dataset | undefined;
  readonly suite: SuiteFile | undefined;
  readonly bars: readonly Bar[] | undefined;
  readonly limitSeconds: number | undefined;
}

/** A report may take this long, or as long as training took. */
const LEAST_SECONDS = 120;

const readText = (flag: string, path: string): string =>
  readNamedFile(`${flag} ${path}`, path, 'a JSON file').toString('utf8');

/** As `--predictions` writes them. */
export const predictionLines = (predictions: readonly Prediction[]): string =>
  predictions.map((prediction) => `${JSON.stringify(prediction)}\n`).join('');

/** undefined where no flag asks for one. @throws `usage`, `file-not-found`, `bad-file` */
export function reportWanted(flags: Flags): WantedReport | undefined {
  const [path, suite, gate, training] = ['report', 'suite', 'gate', 'train-data'].map((name) => flags.text(name));
  if (path !== undefined && !/\.(html|json)$/.test(path)) {
    throw new WebLoraError('usage', '--report', {
      got: `'${path}'`,
      wanted: 'a name that ends in .html or .json',
      fix: 'rename it',
    });
  }
  if (training !== undefined && path === undefined) {
    throw new WebLoraError('usage', '--train-data', {
      got: 'no --report',
      wanted: 'a report, which alone uses the rows of training',
      fix: 'add --report FILE.html, or leave out --train-data',
    });
  }
  const limitSeconds = flags.number('report-seconds');
  if (limitSeconds !== undefined && (limitSeconds < 0 || path === undefined)) {
    throw new WebLoraError('usage', '--report-seconds', {
      got: limitSeconds < 0 ? limitSeconds : 'no --report',
      wanted: 'seconds from 0 (no limit) up, with --report',
      fix: 'correct it or leave it out',
    });
  }
  if ([path, suite, gate].every((value) => value === undefined)) return undefined;
  return {
    path: outputFile(flags, 'report', 'a .html or .json file to write'),
    predictions: outputFile(flags, 'predictions'),
    trainData: training === undefined ? undefined : readDataFile('--train-data', training, columnsOf(flags)),
    suite: suite === undefined ? undefined : parseSuite(readText('--suite', suite), suite),
    limitSeconds,
    bars: gate === undefined ? undefined : parseGate(readText('--gate', gate), gate, BAR_METRICS),
  };
}

/** `weblora eval` with a report, a suite or a gate. @returns the exit status: 1 where a gate is not passed */
export async function reportCommand(
  flags: Flags,
  output: Output,
  data: Dataset,
  wanted: WantedReport,
): Promise<number> {
  const { path, trainData, suite, bars } = wanted;
  return withSession(flags, output, async ({ model, adapter, run }) => {
    if (trainData !== undefined && run !== undefined && bytesToHex(sha256(trainData.bytes)) !== run.data.sha256)
      output.warn(
        `${trainData.name} is not the file that the adapter was trained on (${run.data.name}), or has changed since`,
      );
    const system = systemPrompt(flags, run, output);
    const stop = abortOnStop();
    const progress = output.progress('evaluating', 'rows');
    let report: ModelReport;
    try {
      report = await model.report(data, {
        ...(adapter && { adapter }),
        ...(system !== undefined && { system }),
        ...(trainData && { trainData }),
        ...(suite && { suite }),
        ...(bars && { bars }),
        limitSeconds: wanted.limitSeconds ?? Math.max(LEAST_SECONDS, run?.results?.elapsedSeconds ?? 0),
        // Beside a gate alone, the base is measured where it is asked for.
        isFull: path !== undefined || flags.flag('compare-base'),
        onNotice: (text) => output.note(text),
        onProgress: ({ phase, done, total }) =>
          progress.update(done, total, phase === 'loss' ? 'measuring the loss' : 'answering'),
        signal: stop.signal,
      });
    } finally {
      progress.end();
      stop.release();
    }
    const { predictions, ...told } = report;
    if (wanted.predictions !== undefined) writeFileWhole(wanted.predictions, predictionLines(predictions));
    if (path !== undefined) {
      const name = flags.text('adapter');
      const title = { model: model.opened.name, ...(name !== undefined && { adapter: name }), data: data.name };
      const content = path.endsWith('.html')
        ? reportHtml(report, title)
        : `${JSON.stringify({ ...title, ...told }, null, 2)}\n`;
      writeFileWhole(path, content);
      output.note(`written to ${path}`);
    }
    output.record(told);
    for (const line of shortReport(report)) output.line(line);
    if (stop.signal.aborted) return 130;
    return bars !== undefined && report.verdict !== 'ready' ? 1 : 0;
  });
}

/** Findings about the training rows that the terminal shows. */
const LISTED_FINDINGS = 4;

/** The report for a terminal. */
function shortReport(report: ModelReport): string[] {
  const { headline, bars, isUsualBar, suites, generalisation, findings = [], notMeasured } = report;
  const named = (['base', 'prompted', 'tuned'] as const).flatMap((name) => {
    const column = report[name];
    return column === undefined ? [] : [{ name: name === 'prompted' ? 'base + examples' : name, column }];
  });
  const cell = (text: string): string => text.padStart(18);
  const rows = METRIC_NAMES.filter((metric) => named.some(({ column }) => column.scores[metric] !== undefined));
  return [
    headline,
    ...(report.verdict === 'cannot-tell' && report.rows < MIN_ROWS
      ? ['Of few rows in all, keep none back and use `weblora eval --five-fold`: it asks each of them once.']
      : []),
    ...bars.map(({ sentence }) => `  ${sentence}${isUsualBar ? ' (a usual bar: none was set)' : ''}`),
    '',
    ''.padEnd(12) + named.map(({ name }) => cell(name)).join(''),
    ...rows.map(
      (metric) =>
        metric.padEnd(12) +
        named
          .map(({ column: { scores } }) => {
            const measure = scores[metric];
            return cell(measure === undefined ? '-' : percent(measure.value));
          })
          .join(''),
    ),
    'loss'.padEnd(12) + named.map(({ column: { loss } }) => cell(loss === undefined ? '-' : loss.toFixed(4))).join(''),
    ...(generalisation === undefined ? [] : [generalisation.sentence]),
    ...suites.map(
      ({ label, sentence, usual }) => `${label}${usual?.verdict === 'not-ready' ? ' (look here)' : ''}: ${sentence}`,
    ),
    ...findings.slice(0, LISTED_FINDINGS).map(({ severity, message }) => `The training rows, ${severity}: ${message}`),
    ...(findings.length > LISTED_FINDINGS ? [`and ${findings.length - LISTED_FINDINGS} more: weblora data check`] : []),
    ...notMeasured.map((text) => `Not measured: ${text}`),
  ];
}
