import { batch, computed, effect, signal } from '@preact/signals';
import type { Failure } from '../../errors.ts';
import type { Result, RunDetails, RunSummary } from '../../../workers/engine/contract.ts';
import { engine, model } from '../state/engine.ts';
import type { PageFailure } from '../state/page-failure.ts';
import { chooseSample, chosenSource } from '../examples/examples.ts';
import { address } from '../state/place.ts';
import { takenAway } from '../state/only-here.ts';
import { removePersisted, persistedSignal } from '../state/persisted.ts';
import { encodeEvaluation, encodeStep } from '../../train/metrics.ts';
import { readStorage } from '../state/storage-use.ts';
import { forgetNote } from '../state/run-notes.ts';
import { saveFile } from '../save-file.ts';
import { readRunName } from '../train/run-name.ts';
import { csvCell } from './csv.ts';
import { forgetKnownRun, noteListedRuns } from './gone-runs.ts';
import { labelOf } from '../train/setting-fields.ts';
import { adapter, type CurrentAdapter } from '../try/trial.ts';

export const earlierRuns = signal<readonly RunSummary[]>([]);
/** Whether they have been listed since the page began. */
export const areRunsRead = signal(false);
export const runsFailure = signal<PageFailure | undefined>(undefined);

/** Whether all files of a run were in this browser when they were last looked for. */
export const isHere = (out: string): boolean =>
  earlierRuns.value.some((run) => run.out === out && run.lacksFiles !== true);
/** Runs that were listed since the page began. */
const listedOnce = new Set<string>();
/** Whether a run was in this browser since the page began, and is not any more. */
export const isCleared = (out: string): boolean => !isHere(out) && listedOnce.has(out);
/** The open adapter is in this tab's memory alone: the files of its run are gone. */
export const isOnlyInTab = computed(() => adapter.value !== undefined && isCleared(adapter.value.out));
/** Runs chosen to be compared, each with its own record once that is read. */
const chosenRuns = signal<ReadonlyMap<string, RunDetails | undefined>>(new Map());
export const isChosen = (out: string): boolean => chosenRuns.value.has(out);
/** Those of them whose curves are laid over each other. */
export const comparedRuns = computed(
  (): ReadonlyMap<string, RunDetails> =>
    new Map([...chosenRuns.value].flatMap(([out, details]) => (details === undefined ? [] : [[out, details]]))),
);
/** Runs whose losses were changed since they were written: no curve is drawn of them. */
export const runsWithoutCurve = signal<ReadonlySet<string>>(new Set());

async function readDetails(out: string): Promise<Result<RunDetails>> {
  const details = await engine.readRun(out);
  if (details.ok && details.value.areMetricsChanged === true)
    runsWithoutCurve.value = new Set([...runsWithoutCurve.value, out]);
  return details;
}

export const isReadingRuns = computed(() => comparedRuns.value.size < chosenRuns.value.size);

/** Whether a run was made on the model that is open: its adapter fits no other. */
export function isOfThisModel({ model: name }: RunSummary): boolean {
  return model.value.kind === 'ready' && model.value.facts.name === name;
}

export async function refreshRuns(): Promise<void> {
  const listed = await engine.listRuns();
  if (!listed.ok) {
    runsFailure.value = listed.error;
    return;
  }
  const began = ({ out }: RunSummary): number => readRunName(out).began?.getTime() ?? 0;
  batch(() => {
    const outs = listed.value.map(({ out }) => out);
    noteListedRuns(outs);
    for (const out of outs) listedOnce.add(out);
    if ([...chosenRuns.peek().keys()].some((out) => !outs.includes(out)))
      chosenRuns.value = new Map([...chosenRuns.peek()].filter(([out]) => outs.includes(out)));
    earlierRuns.value = [...listed.value].sort((a, b) => began(b) - began(a));
    areRunsRead.value = true;
  });
  await readStorage();
}

/**
 * A browser may clear files while the page is open, as a private window of Chromium does after some minutes without use. What
 * offers stored runs therefore looks again when it is shown, and when the person comes back to the tab.
 */
export function watchStoredRuns(isBusy: () => boolean): void {
  const lookAgain = (): void => {
    if (areRunsRead.peek() && earlierRuns.peek().length > 0 && model.peek().kind === 'ready' && !isBusy())
      void refreshRuns();
  };
  effect(() => {
    if (address.value.place !== 'model' && address.value.place !== 'examples') lookAgain();
  });
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) lookAgain();
  });
}

/** Why what needs a run failed, after a look whether its files are still here. */
export async function failureOfRun(out: string, failure: Failure): Promise<PageFailure> {
  await refreshRuns();
  return isHere(out) ? failure : { ...failure, goneRun: out };
}

/** The run whose adapter was open last. */
const lastAdapter = persistedSignal('adapter', '', (value) => typeof value === 'string');
effect(() => {
  if (adapter.value !== undefined) lastAdapter.value = adapter.value.out;
});

/** After a reload: the adapter that was open is open again, where its run and its model are here. */
export async function reopenAdapter(): Promise<void> {
  const run = earlierRuns.peek().find(({ out }) => out === lastAdapter.peek());
  if (run === undefined || !isOfThisModel(run) || adapter.peek() !== undefined || address.peek().use !== undefined)
    return;
  const opened = await openAdapter(run.out);
  if (adapter.peek() === undefined && opened.ok) adapter.value = opened.value;
}

type OpenedAdapter =
  { readonly ok: true; readonly value: CurrentAdapter } | { readonly ok: false; readonly error: PageFailure };

/** An earlier run's adapter with what it was trained with; the current one stays. */
export async function openAdapter(out: string): Promise<OpenedAdapter> {
  if (model.value.kind !== 'ready') return { ok: false, error: { code: 'aborted', message: 'the model is loading' } };
  const [opened, details] = await Promise.all([engine.openRun(model.value.facts.id, out), readDetails(out)]);
  if (!opened.ok) return { ok: false, error: await failureOfRun(out, opened.error) };
  const system = details.ok ? details.value.record.settings['system'] : undefined;
  const isUnfinished = earlierRuns.value.some((run) => run.out === out && !run.finished);
  return {
    ok: true,
    value: {
      id: opened.value,
      out,
      title: readRunName(out).title,
      ...(typeof system === 'string' && { system }),
      ...(isUnfinished && { isUnfinished }),
    },
  };
}

/** Makes an earlier run's adapter the current one, whatever examples are chosen. @returns why it cannot be */
export async function openRunAdapter(out: string): Promise<PageFailure | undefined> {
  const opened = await openAdapter(out);
  if (!opened.ok) return opened.error;
  adapter.value = opened.value;
  return undefined;
}

/** Makes an earlier run's adapter the one that is tried and taken away. */
export async function openEarlierRun(out: string): Promise<boolean> {
  if (model.value.kind !== 'ready') return false;
  const opened = await openAdapter(out);
  if (!opened.ok) {
    runsFailure.value = opened.error;
    return false;
  }
  runsFailure.value = undefined;
  const { sample } = readRunName(out);
  if (sample !== undefined && sample !== chosenSource.value) await chooseSample(sample);
  adapter.value = opened.value;
  return true;
}

/** Hands an earlier run's adapter to the browser, as the PEFT folder that every tool reads; the current one stays. */
export async function downloadRun(out: string): Promise<void> {
  const opened = await openAdapter(out);
  const exported = opened.ok ? await engine.exportAdapter(opened.value.id, 'peft') : opened;
  runsFailure.value = exported.ok ? undefined : exported.error;
  if (exported.ok) {
    saveFile(`${out}.zip`, exported.value.bytes, exported.value.mediaType);
    takenAway(out);
  }
  if (opened.ok) await engine.unloadAdapter(opened.value.id);
}

/** What else shows a run and must let go of it. */
export const onDeleted = new Set<(out: string) => void>();

export async function deleteRun(out: string): Promise<void> {
  forgetKnownRun(out);
  listedOnce.delete(out);
  const deleted = await engine.deleteRun(out);
  runsFailure.value = deleted.ok ? undefined : deleted.error;
  if (!deleted.ok) return;
  await removePersisted(`run:${out}`);
  forgetNote(out);
  takenAway(out);
  onDeleted.forEach((listener) => listener(out));
  if (adapter.value?.out === out) adapter.value = undefined;
  await setCompared(out, false);
  await refreshRuns();
}

/** Lays a run's curve over the others, or takes it away. The choice shows at once, the curve when its record is read. */
export async function setCompared(out: string, isCompared: boolean): Promise<void> {
  const next = new Map(chosenRuns.value);
  next.delete(out);
  if (isCompared) next.set(out, undefined);
  chosenRuns.value = next;
  if (!isCompared) return;
  const details = await readDetails(out);
  if (!chosenRuns.value.has(out)) return; // taken away meanwhile
  if (details.ok) chosenRuns.value = new Map(chosenRuns.value).set(out, details.value);
  else {
    await setCompared(out, false);
    runsFailure.value = await failureOfRun(out, details.error);
  }
}

/** The compared runs' steps as CSV, one line a step under the names of metrics.jsonl. */
export function comparedCsv(): string {
  const rows = [...comparedRuns.value].flatMap(([run, { steps, evals }]) => {
    const evaluations = new Map(evals.map((metrics) => [metrics.step, encodeEvaluation(metrics)]));
    return steps.map((metrics) => ({ run, ...encodeStep(metrics), ...evaluations.get(metrics.step) }));
  });
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const lines = rows.map((row: Readonly<Record<string, string | number>>) =>
    columns.map((column) => csvCell(row[column] ?? '')).join(','),
  );
  return [columns.join(','), ...lines, ''].join('\n');
}

/** Settings in which the compared runs differ: as the page calls them, and each run's value in order. */
export function settingsDifference(): { readonly name: string; readonly values: readonly string[] }[] {
  const all = [...comparedRuns.value.values()].map(({ record }) => record);
  const shown = (value: unknown): string =>
    value === undefined ? '–' : typeof value === 'string' ? value : JSON.stringify(value);
  const names = [...new Set(all.flatMap(({ settings }) => Object.keys(settings)))];
  const resolved = all.map(({ resolved: { learningRate, steps, accumulate } }) => ({
    lr: learningRate,
    steps,
    accumulate,
  }));
  return names
    .map((name) => ({
      name: labelOf(name),
      values: all.map(({ settings }, i) => shown({ ...settings, ...resolved[i] }[name])),
    }))
    .filter(({ values }) => new Set(values).size > 1);
}
