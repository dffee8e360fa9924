import type { BenchRow } from '../bench/row.ts';
import { formatsOf } from '../ui/messages/formats.ts';

/** A row's median with its spread, e.g. `3.21 (3.10 to 3.40)`, in milliseconds; empty where nothing was measured. */
export function timeText({ medianMs, p20Ms, p80Ms }: BenchRow): string {
  if (medianMs === undefined) return '';
  const digits = medianMs < 10 ? 2 : 1;
  const median = medianMs.toFixed(digits);
  return p20Ms === undefined || p80Ms === undefined
    ? median
    : `${median} (${p20Ms.toFixed(digits)} to ${p80Ms.toFixed(digits)})`;
}

/** What was done in a second: tokens, floating-point operations, or both. */
export function rateText({ tokensPerSec, gflops }: BenchRow): string {
  return [
    ...(tokensPerSec === undefined ? [] : [`${threeDigits(tokensPerSec)} tokens/s`]),
    ...(gflops === undefined ? [] : [`${threeDigits(gflops)} GFLOP/s`]),
  ].join(', ');
}

const threeDigits = (value: number): string =>
  value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);

export const memoryText = ({ peakBytes }: BenchRow): string =>
  peakBytes === undefined ? '' : formatsOf('en').bytes(peakBytes);

/** The rows as `weblora bench --json` prints them: one JSON object a line. */
export const jsonLines = (rows: readonly BenchRow[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

/** A file's name that tells whose rows these are, e.g. `weblora-bench-nvidia-ampere.jsonl`. */
export function fileName([row]: readonly BenchRow[]): string {
  const adapter = (row?.adapter ?? '').toLowerCase().match(/[a-z0-9]+/g) ?? ['unknown'];
  return `weblora-bench-${adapter.join('-')}.jsonl`;
}
