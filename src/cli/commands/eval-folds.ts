import type { Dataset } from '../../data/dataset.ts';
import { FOLDS, fiveFold, type FiveFoldReport } from '../../engine/five-fold.ts';
import { WebLoraError } from '../../errors.ts';
import { METRIC_NAMES, METRICS } from '../../evaluate/metrics/index.ts';
import { percent } from '../../evaluate/report/gate.ts';
import { readTrainConfig, resolveTrainConfig } from '../../train/config.ts';
import { outputFile, type Flags } from '../flags.ts';
import type { Output } from '../output.ts';
import { withSession } from '../session.ts';
import { abortOnStop } from '../stop-signals.ts';
import { writeFileWhole } from '../write-whole.ts';
import { predictionLines } from './eval-report.ts';

/** What five-fold evaluation has no use for. */
const OTHERS = ['report', 'train-data', 'report-seconds', 'suite', 'gate', 'compare-base'] as const;

/** `weblora eval --five-fold`: the rows of a small file, each asked of a model that was trained on the others. */
export async function fiveFoldCommand(flags: Flags, output: Output, data: Dataset): Promise<number> {
  const other = OTHERS.find((name) => flags.has(name));
  if (other !== undefined) {
    throw new WebLoraError('usage', `--five-fold and --${other}`, {
      got: 'both',
      wanted: 'one of them',
      fix: 'leave one out',
    });
  }
  const path = outputFile(flags, 'predictions');
  return withSession(flags, output, async ({ model, run }) => {
    if (run === undefined) {
      throw new WebLoraError('usage', '--five-fold', {
        got: 'no --adapter with a run.json, which says how to train',
        wanted: 'the folder of a run',
        fix: 'train once on all rows, and give its folder as --adapter',
      });
    }
    const {
      evalEvery: _every,
      evalSplit: _split,
      earlyStoppingPatience: _patience,
      ...own
    } = readTrainConfig(run.settings);
    const system = flags.text('system');
    const config = resolveTrainConfig({ ...own, ...(system !== undefined && { system }) });
    const stop = abortOnStop();
    const progress = output.progress('training and asking', 'folds');
    let report: FiveFoldReport;
    try {
      report = await fiveFold(model, data, config, {
        signal: stop.signal,
        onProgress: (done, total) => progress.update(done, total),
      });
    } finally {
      progress.end();
      stop.release();
    }
    const { predictions, ...told } = report;
    if (path !== undefined) writeFileWhole(path, predictionLines(predictions));
    output.record(told);
    output.line(
      `${told.rows} rows, each asked of one of ${FOLDS} models that was not trained on it; loss ${told.loss.toFixed(4)}`,
    );
    for (const name of METRIC_NAMES) {
      const measure = told.scores[name];
      if (measure !== undefined)
        output.line(
          `  ${METRICS[name].label.padEnd(32)} ${percent(measure.value)} (${percent(measure.low)} to ${percent(measure.high)})`,
        );
    }
    output.note('the numbers are of these settings, not of one adapter: each model saw four fifths of the rows');
    return 0;
  });
}
