import { engine } from '../state/engine.ts';
import { earlierRuns, failureOfRun, isHere, isOfThisModel, runsFailure } from '../take-away/runs.ts';
import { flagOf, type Settings } from '../../settings/settings.ts';
import { TRAIN_SETTINGS } from '../../train/settings.ts';
import { INIT_ADAPTER } from './setting-fields.ts';
import { setSetting, typed } from './settings.ts';

/** What the adapter's shape is made of: an earlier one brings its own. */
const SHAPE = Object.entries<Settings[string]>(TRAIN_SETTINGS).flatMap(([key, one]) =>
  one.fromInitAdapter === true ? [flagOf(key, one)] : [],
);

/** The run that the next one begins with; empty for a fresh adapter. */
export const initAdapter = (): string => typed.value[INIT_ADAPTER] ?? '';

/** Finished runs of the open model. */
export const initAdapters = () =>
  earlierRuns.value.filter((run) => run.finished && isHere(run.out) && isOfThisModel(run));

/** Takes an earlier run to begin with, and the settings of its adapter; '' for a fresh one. */
export async function chooseInitAdapter(out: string): Promise<void> {
  const details = out === '' ? undefined : await engine.readRun(out);
  runsFailure.value = details === undefined || details.ok ? undefined : await failureOfRun(out, details.error);
  if (details?.ok === false) return;
  const settings = details?.value.record.settings ?? {};
  for (const flag of SHAPE) {
    const value = settings[flag];
    setSetting(flag, typeof value === 'string' || typeof value === 'number' ? String(value) : '');
  }
  setSetting(INIT_ADAPTER, out);
}
