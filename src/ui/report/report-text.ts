import type { ModelReport } from '../../../workers/engine/contract.ts';
import type { Column } from '../../evaluate/report/report.ts';
import { t } from '../messages/language.ts';
import { percentText } from './pictures.tsx';

type BarResult = ModelReport['bars'][number];
type SuiteResult = ModelReport['suites'][number];

interface NamedColumn {
  readonly name: string;
  readonly column: Column;
  readonly isMain: boolean;
}

/** The ways of answering that were measured, as they are called here. */
export function columnsOf({ base, prompted, tuned }: ModelReport): NamedColumn[] {
  const { columns } = t().report;
  return [
    { name: columns.base, column: base, isMain: false },
    { name: columns.prompted, column: prompted, isMain: false },
    { name: columns.tuned, column: tuned, isMain: true },
  ].flatMap(({ column, ...one }) => (column === undefined ? [] : [{ ...one, column }]));
}

/** What a number of a report is called: of a metric, or of a suite. */
function labelOf(metric: string): string {
  const { metrics, suites } = t().report;
  if (metric in metrics) return metrics[metric as keyof typeof metrics].label;
  const [suite = ''] = metric.split('.');
  return suite in suites ? suites[suite as keyof typeof suites].label : metric;
}

/** What a part of a report is called while it is measured. */
export function partLabel(part: string): string {
  const { parts, columns, suites } = t().report;
  if (part === 'base' || part === 'prompted') return columns[part];
  if (part in suites) return suites[part as keyof typeof suites].label;
  return part in parts ? parts[part as keyof typeof parts] : part;
}

/** A bar with what was reached, and whether that is enough. `isUsual`: nobody asked for one. */
export function barLine({ bar, verdict, measure }: BarResult, isUsual: boolean): string {
  const texts = t().report;
  const [limit, isLeast] = 'atLeast' in bar ? [bar.atLeast, true] : [bar.atMost, false];
  const bound = isLeast ? texts.atLeast(percentText(limit)) : texts.atMost(percentText(limit));
  const wanted = isUsual ? texts.usualIs(bound) : texts.youAskedFor(bound);
  const label = labelOf(bar.metric);
  if (measure === undefined) return texts.barUnknown(label, wanted);
  const { value, low, high, rows } = measure;
  return texts.bar(
    texts.marks[verdict],
    label,
    percentText(value),
    rows,
    texts.between(percentText(low), percentText(high)),
    wanted,
  );
}

/** What a further suite found out, by the number that is usually asked of it. `isMarked`: with what that is worth. */
export function suiteLine({ name, label, usual, scores }: SuiteResult, isMarked: boolean): string {
  const texts = t().report;
  const own = name in texts.suites ? texts.suites[name as keyof typeof texts.suites] : undefined;
  const measure = usual?.measure ?? Object.values(scores)[0];
  const title = own?.label ?? label;
  if (measure === undefined) return texts.suiteUnknown(title);
  const says = own === undefined ? texts.suitePlain : own.says;
  const mark = usual === undefined || !isMarked ? '' : texts.suiteMarks[usual.verdict];
  return texts.suite(title, says(percentText(measure.value), measure.rows), mark);
}
