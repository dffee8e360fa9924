import { signal } from '@preact/signals';
import { runBench } from '../../workers/bench/client.ts';
import type { BenchEvent, BenchRequest } from '../../workers/bench/contract.ts';
import type { BenchRow } from '../bench/row.ts';
import { toFailure, type Failure } from '../errors.ts';
import { formatsOf } from '../ui/messages/formats.ts';
import { describeRuntime } from './runtime.ts';

/** All that came since the page was opened or they were cleared. */
export const rows = signal<readonly BenchRow[]>([]);
/** Of the last measurement. */
export const failures = signal<readonly Failure[]>([]);
export const isMeasuring = signal(false);
/** What is measured now, or how it ended. */
export const progress = signal('');

let stopping = new AbortController();

/** Measures what was chosen; rows join those that are there. */
export async function measure(choice: Omit<BenchRequest, 'runtime'>): Promise<void> {
  stopping = new AbortController();
  const { signal: stopped } = stopping;
  isMeasuring.value = true;
  failures.value = [];
  progress.value = 'Starting…';
  const before = rows.value.length;
  try {
    const runtime = await describeRuntime(navigator);
    for await (const event of runBench({ ...choice, runtime }, stopped)) show(event);
  } catch (thrown) {
    failures.value = [...failures.value, toFailure(thrown)];
  }
  isMeasuring.value = false;
  const count = formatsOf('en').plural(rows.value.length - before, { one: 'row', other: 'rows' });
  progress.value = stopped.aborted ? `Stopped after ${count}.` : `Done: ${count}.`;
}

/** Ends the thread that measures; the rows stay. */
export function stop(): void {
  stopping.abort();
}

export function clearRows(): void {
  rows.value = [];
  failures.value = [];
  progress.value = '';
}

function show(event: BenchEvent): void {
  switch (event.kind) {
    case 'measuring':
      progress.value = `Measuring ${event.suite}: ${event.what}…`;
      break;
    case 'row':
      rows.value = [...rows.value, event.row];
      break;
    case 'failed':
      failures.value = [...failures.value, event.failure];
      break;
    case 'done':
      break;
    default:
      event satisfies never;
  }
}
