import { WebLoraError } from '../../errors.ts';
import { METRIC_NAMES } from '../../evaluate/metrics/index.ts';
import type { Measure } from '../../evaluate/metrics/measure.ts';
import type { EvaluateReport } from '../../../workers/engine/contract.ts';
import { DATA_WANTED, readDataFile } from '../files.ts';
import { columnsOf, outputFile, type Flags } from '../flags.ts';
import type { Output } from '../output.ts';
import { systemPrompt, withSession } from '../session.ts';
import { writeFileWhole } from '../write-whole.ts';
import { fiveFoldCommand } from './eval-folds.ts';
import { predictionLines, reportCommand, reportWanted } from './eval-report.ts';

/** `weblora eval` @returns the exit status */
export async function evaluateCommand(flags: Flags, output: Output): Promise<number> {
  const data = readDataFile('--data', flags.required('data', DATA_WANTED), columnsOf(flags));
  if (flags.flag('five-fold')) return fiveFoldCommand(flags, output, data);
  const compare = flags.flag('compare-base');
  if (compare && flags.text('adapter') === undefined) {
    throw new WebLoraError('usage', '--compare-base', {
      got: 'no --adapter',
      wanted: 'an adapter to compare with the base',
      fix: 'add --adapter, or leave out --compare-base',
    });
  }
  const wanted = reportWanted(flags);
  if (wanted !== undefined) return reportCommand(flags, output, data, wanted);
  const path = outputFile(flags, 'predictions');
  return withSession(flags, output, async ({ model, adapter, run }) => {
    const system = systemPrompt(flags, run, output);
    const measure = async (label: string, tuned: boolean): Promise<EvaluateReport> => {
      const progress = output.progress(label, 'rows');
      try {
        return await model.evaluate(data, {
          ...(tuned && adapter && { adapter }),
          ...(system !== undefined && { system }),
          // The second measurement reads the same rows.
          ...(tuned && { onNotice: (text) => output.note(text) }),
          onProgress: ({ phase, done, total }) => {
            if (phase === 'answers') progress.update(done, total);
          },
        });
      } finally {
        progress.end();
      }
    };
    const tuned = await measure(adapter === undefined ? 'base' : 'tuned', true);
    const base = compare ? await measure('base', false) : undefined;
    const { predictions, ...numbers } = tuned;
    if (path !== undefined) writeFileWhole(path, predictionLines(predictions));
    output.record({ ...numbers, ...(base && { base: withoutPredictions(base) }) });
    table(output, numbers, base && withoutPredictions(base));
    return 0;
  });
}

type Numbers = Omit<EvaluateReport, 'predictions'>;

function withoutPredictions({ predictions: _predictions, ...numbers }: EvaluateReport): Numbers {
  return numbers;
}

function table(output: Output, tuned: Numbers, base: Numbers | undefined): void {
  const columns = base === undefined ? [tuned] : [base, tuned];
  const width = 24;
  output.line(
    ''.padEnd(14) + (base === undefined ? '' : ['base', 'tuned'].map((name) => name.padStart(width)).join('')),
  );
  const { scores, ...plain } = tuned;
  const line = (name: string, cell: (column: Numbers) => string): void =>
    output.line(name.padEnd(14) + columns.map((column) => cell(column).padStart(width)).join(''));
  for (const name of Object.keys(plain)) line(name, (column) => format((column as Record<string, unknown>)[name]));
  // The exact matches stand above.
  for (const name of METRIC_NAMES.filter((one) => one !== 'exactMatch' && scores[one] !== undefined))
    line(name, (column) => withInterval(column.scores[name]));
}

/** `0.8123 (0.75 to 0.87)` */
function withInterval(measured: Measure | undefined): string {
  if (measured === undefined) return '-';
  const { value, low, high } = measured;
  return `${value.toFixed(4)} (${low.toFixed(2)} to ${high.toFixed(2)})`;
}

function format(value: unknown): string {
  if (typeof value !== 'number') return value === undefined || value === null ? '-' : JSON.stringify(value);
  return Number.isInteger(value) ? String(value) : value.toFixed(4);
}
