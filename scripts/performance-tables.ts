/**
 * Writes the tables of docs/performance.md from the rows of bench/results/*.jsonl, so that no figure is ever typed. Usage:
 * tsx scripts/performance-tables.ts. A later row of the same case, implementation, adapter and runtime replaces an earlier one.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import type { BenchRow } from '../src/bench/row.ts';

const root = join(import.meta.dirname, '..');
const page = join(root, 'docs', 'performance.md');
const BEGIN = '<!-- tables of scripts/performance-tables.ts -->';
const END = '<!-- end of tables -->';

/** Adapter and runtime that the rows of a run share. */
function runOf({ adapter, beside = adapter, runtime }: BenchRow): string {
  return `${beside}, ${runtime.split(' ')[0] ?? ''}`;
}

function readRows(): BenchRow[] {
  const folder = join(root, 'bench', 'results');
  const rows = new Map<string, BenchRow>();
  for (const file of readdirSync(folder).sort()) {
    if (!file.endsWith('.jsonl')) continue;
    for (const line of readFileSync(join(folder, file), 'utf8').split('\n')) {
      if (line === '') continue;
      const row = JSON.parse(line) as BenchRow;
      rows.set(JSON.stringify([row.suite, row.case, row.impl, runOf(row)]), row);
    }
  }
  return [...rows.values()];
}

const table = (head: readonly string[], lines: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

const number = (value: number | undefined, digits: number): string => value?.toFixed(digits) ?? '';
const percent = (value: number): string => `${(value * 100).toFixed(0)} %`;
const megabytes = (bytes: number | undefined): string => (bytes === undefined ? '' : `${(bytes / 1e6).toFixed(1)} MB`);
const spread = ({ medianMs, p20Ms, p80Ms }: BenchRow): string =>
  medianMs === undefined ? '' : `${medianMs.toFixed(1)} (${number(p20Ms, 1)} to ${number(p80Ms, 1)})`;

/** How many times as long as ours on the same adapter and case. */
function ratio(row: BenchRow, rows: readonly BenchRow[]): string {
  const ours = rows.find((other) => other.impl === 'weblora' && other.case === row.case && runOf(other) === runOf(row));
  if (row.impl === 'weblora' || ours?.medianMs === undefined || row.medianMs === undefined) return '';
  return (row.medianMs / ours.medianMs).toFixed(2);
}

/** Facts that only some rows have. */
const facts = (row: BenchRow): Readonly<Record<string, number | undefined>> =>
  row as unknown as Readonly<Record<string, number | undefined>>;

function suiteTable(rows: readonly BenchRow[], suite: BenchRow['suite']): string {
  const own = rows.filter((row) => row.suite === suite);
  const rate = (row: BenchRow): string => {
    if (suite === 'load') return '';
    if (suite === 'kernels') return `${number(row.gflops, 2)} GFLOP/s`;
    const { ofCopyBandwidth, timesAlone = 1 } = facts(row);
    const alone = timesAlone === 1 ? '' : `, ${number(timesAlone, 2)} times one at once`;
    const ofCopy = ofCopyBandwidth === undefined ? '' : `, weights at ${percent(ofCopyBandwidth)} of copying`;
    return `${number(row.tokensPerSec, 1)} tokens/s${alone}${ofCopy}`;
  };
  return table(
    [
      'case',
      'implementation',
      'ms, median (20th to 80th percentile)',
      'rate',
      'times as long as ours',
      'memory',
      'adapter, commit',
    ],
    own.map((row) =>
      row.status === 'ok'
        ? [
            row.case,
            row.impl,
            spread(row),
            rate(row),
            ratio(row, own),
            megabytes(row.peakBytes),
            `${row.adapter}, ${row.commit}`,
          ]
        : [row.case, row.impl, row.status, '', '', '', `${row.adapter}, ${row.commit}`],
    ),
  );
}

function roofline(row: BenchRow): string {
  const { ceilingGflops, ceilingGbPerSec, ofCeiling, nonMatmulShare, attentionShare } = facts(row);
  const floorShare = (row.kernelShares ?? [])
    .filter(({ kernel, milliseconds }) => kernel.startsWith('attention') && milliseconds > 0)
    .reduce((sum, { share, floorMs, milliseconds }) => sum + (share * floorMs) / milliseconds, 0);
  return [
    `### ${row.case}`,
    `Roofline peaks in the same run: ${number(ceilingGflops, 2)} GFLOP/s (the better of our f32 and q4 matmuls at 1024), ${number(ceilingGbPerSec, 2)} GB/s (copying a buffer). ` +
      `The whole step: ${number(row.gflops, 2)} GFLOP/s, ${percent(ofCeiling ?? Number.NaN)} of the first; ` +
      `${percent(nonMatmulShare ?? Number.NaN)} of its time in kernels that are more than a matrix product, ${percent(attentionShare ?? Number.NaN)} in attention, whose products would take ${percent(floorShare)} of the step at the peak rate.`,
    table(
      ['kernel', 'dispatches', 'operations', 'bytes', 'floor', 'measured', 'times the floor', 'share of the step'],
      (row.kernelShares ?? [])
        .filter(({ share }) => share >= 0.005)
        .map(({ kernel, dispatches, share, milliseconds, flops, bytes, floorMs }) => [
          kernel,
          String(dispatches),
          `${number(flops / 1e6, 1)} M`,
          megabytes(bytes),
          `${number(floorMs, 2)} ms`,
          `${number(milliseconds, 2)} ms`,
          number(milliseconds / floorMs, 1),
          `${(share * 100).toFixed(1)} %`,
        ]),
    ),
  ].join('\n\n');
}

const seconds = (ms: number | undefined): string => (ms === undefined ? '' : `${(ms / 1000).toFixed(1)} s`);

/** Whole runs, and what they said they would take. */
function jobTable(rows: readonly BenchRow[]): string {
  return table(
    ['case', 'took', 'before it', 'told after', 'told', 'off by', 'memory', 'adapter, commit'],
    rows.map((row) => {
      const { compileMs, estimateAfterMs, estimateMs, estimateOff } = facts(row);
      return [
        row.case,
        row.status === 'ok' ? seconds(row.medianMs) : row.status,
        seconds(compileMs),
        seconds(estimateAfterMs),
        seconds(estimateMs),
        estimateOff === undefined ? '' : percent(estimateOff),
        megabytes(row.peakBytes),
        `${row.adapter}, ${row.commit}`,
      ];
    }),
  );
}

/** What a step takes with more tokens and layers. */
function scalingTable(rows: readonly BenchRow[]): string {
  return table(
    ['case', 'ms, median (20th to 80th percentile)', 'of it attention', 'of it the rest', 'memory', 'adapter, commit'],
    rows.map((row) => {
      const { attentionMs, otherMs } = facts(row);
      return [
        row.case,
        row.status === 'ok' ? spread(row) : row.status,
        number(attentionMs, 1),
        number(otherMs, 1),
        megabytes(row.peakBytes),
        `${row.adapter}, ${row.commit}`,
      ];
    }),
  );
}

const rows = readRows();
const of = (suite: BenchRow['suite']): BenchRow[] => rows.filter((row) => row.suite === suite);
const tables = [
  '## Training steps',
  suiteTable(rows, 'train'),
  '## Where a step goes',
  'A matrix product and nothing else are the `matmul_*` kernels and `attention_products`: dq, dk and dv from P and dS in memory. ' +
    'The rest of attention multiplies too, but counts whole among the kernels that are more than that.',
  ...rows.filter((row) => row.suite === 'train' && row.kernelShares !== undefined).map(roofline),
  ...(of('scaling').length > 0 ? ['## Longer rows and more layers', scalingTable(of('scaling'))] : []),
  ...(of('job').length > 0 ? ['## A whole run', jobTable(of('job'))] : []),
  ...(of('load').length > 0 ? ['## Before the first step', suiteTable(rows, 'load')] : []),
  '## Matmul',
  suiteTable(rows, 'kernels'),
  '## Generation',
  suiteTable(
    rows.filter((row) => row.suite === 'decode' || row.suite === 'prefill').map((row) => ({ ...row, suite: 'decode' })),
    'decode',
  ),
].join('\n\n');
const text = readFileSync(page, 'utf8');
const [before = ''] = text.split(BEGIN);
const after = text.split(END)[1] ?? '';
const written = `${before}${BEGIN}\n\n${tables}\n\n${END}${after}`;
writeFileSync(page, await format(written, { ...(await resolveConfig(page)), parser: 'markdown' }));
