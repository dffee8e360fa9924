import { effect, signal } from '@preact/signals';
import type { Failure } from '../../errors.ts';
import type { ModelReport } from '../../../workers/engine/contract.ts';
import { engine, model } from '../state/engine.ts';
import { isTraining, type RunView } from '../train/training.ts';
import { barOf } from './bar.ts';
import { gateOf } from './wanted.ts';

export type ReportState =
  | { readonly kind: 'none' }
  /** `share` of what is being measured now, 0 to 1. */
  | { readonly kind: 'asking'; readonly out: string; readonly share: number; readonly part: string }
  | { readonly kind: 'done'; readonly out: string; readonly report: ModelReport }
  /** Before there was anything to tell. */
  | { readonly kind: 'stopped'; readonly out: string }
  | { readonly kind: 'failed'; readonly out: string; readonly failure: Failure };

/** The report on the run that is shown. */
export const report = signal<ReportState>({ kind: 'none' });

/** Beside the model's own answers a report takes as long as training did, or this long. */
const LEAST_SECONDS = 120;
export const limitSeconds = ({ report: ended }: RunView): number => Math.max(LEAST_SECONDS, ended?.elapsedSeconds ?? 0);

let asking: AbortController | undefined;

/** Keeps what was measured so far. */
export function stopReport(): void {
  asking?.abort();
}

function forgetReport(): void {
  asking?.abort();
  asking = undefined;
  report.value = { kind: 'none' };
}

/** A report is of one run and one model: neither outlives it. */
export function watchReport(): void {
  effect(() => {
    if (isTraining.value || model.value.kind !== 'ready') forgetReport();
  });
}

export async function makeReport(view: RunView): Promise<void> {
  const { out, data, config, report: ended } = view;
  const heldOut = view.exam ?? view.evalData;
  if (ended === undefined || heldOut === undefined || model.value.kind !== 'ready') return;
  asking?.abort();
  const mine = (asking = new AbortController());
  report.value = { kind: 'asking', out, share: 0, part: 'own' };
  const gate = gateOf(barOf(out));
  const result = await engine.report(
    {
      model: model.value.facts.id,
      adapter: ended.adapter,
      data: heldOut,
      trainData: data,
      limitSeconds: limitSeconds(view),
      ...(gate && { gate }),
      ...(config.system !== undefined && { system: config.system }),
    },
    {
      signal: mine.signal,
      onProgress: ({ done, total, part = 'own' }) => {
        if (asking === mine) report.value = { kind: 'asking', out, share: done / Math.max(1, total), part };
      },
    },
  );
  if (asking !== mine) return;
  asking = undefined;
  if (result.ok) report.value = { kind: 'done', out, report: result.value };
  else if (result.error.code === 'aborted') report.value = { kind: 'stopped', out };
  else report.value = { kind: 'failed', out, failure: result.error };
}

/** The report as a page of its own, in English, as `weblora eval --report` writes it. */
export async function reportPage(made: ModelReport, view: RunView): Promise<string> {
  const { reportHtml } = await import('../../evaluate/report/html.ts');
  const name = model.value.kind === 'ready' ? model.value.facts.name : '';
  return reportHtml(made, { model: name, adapter: view.title, data: (view.exam ?? view.evalData)?.name ?? '' });
}
