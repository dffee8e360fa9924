import { CARD_FILE, isAdapterFile } from '../adapters/formats/index.ts';
import { PEFT_CONFIG_FILE } from '../adapters/formats/peft-config.ts';
import { PEFT_WEIGHTS_FILE } from '../adapters/formats/peft.ts';
import { WebLoraError } from '../errors.ts';
import { phrase, setting } from '../phrase.ts';
import { joinPath } from '../storage/paths.ts';
import type { FileStore } from '../storage/store.ts';
import { CHECKPOINTS_FOLDER, removeCheckpoints } from './checkpoints.ts';
import { DAMAGED_METRICS_FILE, METRICS_FILE } from './metrics-file.ts';
import { REFERENCE_FILE, removeReference } from './reference.ts';
import type { TrainedRun } from './run-events.ts';
import { isFinished, type RunRecord } from './run-record.ts';

/** The files of a finished adapter: the one that makes the folder an adapter goes first and comes last. */
const ADAPTER_FILES = [PEFT_CONFIG_FILE, PEFT_WEIGHTS_FILE, CARD_FILE];
/** What a run writes into its folder, besides run.json. */
const OWN_NAMES = [...ADAPTER_FILES, METRICS_FILE, DAMAGED_METRICS_FILE, REFERENCE_FILE, CHECKPOINTS_FOLDER];

export interface RunFolder {
  readonly store: FileStore;
  readonly out: string;
  /** How messages call it. */
  readonly title: string;
  /** run.json in it. */
  readonly record: RunRecord | undefined;
}

/** Whether the record says that the run is finished and its adapter is there. */
export async function hasFinishedAdapter({ store, out, record }: Omit<RunFolder, 'title'>): Promise<boolean> {
  return isFinished(record) && (await store.exists(joinPath(out, PEFT_WEIGHTS_FILE)));
}

/** What a run that is to be resumed and is finished tells. @throws WebLoraError `bad-adapter` where its adapter is gone */
export async function alreadyFinished(folder: RunFolder): Promise<TrainedRun> {
  if (!(await hasFinishedAdapter(folder))) {
    throw new WebLoraError('bad-adapter', folder.title, {
      got: 'a run.json that says the run is finished, and no adapter',
      wanted: 'both',
      fix: phrase`train again with ${setting('out')}`,
    });
  }
  const results = folder.record?.results;
  return {
    ended: 'already-finished',
    steps: results?.steps ?? 0,
    finalLoss: results?.finalLoss ?? Number.NaN,
    ...(results?.evalLoss !== undefined && { evalLoss: results.evalLoss }),
    totalTokens: results?.totalTokens ?? 0,
    elapsedSeconds: results?.elapsedSeconds ?? 0,
    adapter: undefined,
  };
}

/**
 * Holds a new run off what it may not replace: a finished adapter without `overwrite`, and without a record of ours files
 * that have the names a run's files have. Somebody else's adapter may be replaced where that is asked for, other files never.
 * @throws WebLoraError `exists`
 */
export async function assertMayWrite(folder: RunFolder, overwrite: boolean): Promise<void> {
  const { store, out, title, record } = folder;
  if (record !== undefined) {
    if (overwrite || !(await hasFinishedAdapter(folder))) return;
    throw new WebLoraError('exists', setting('out', title), {
      got: 'a folder with a finished adapter',
      wanted: 'a new folder',
      fix: phrase`choose another ${setting('out')}, or replace it with ${setting('overwrite')}`,
    });
  }
  const names = (await store.list(out)).map(({ name }) => name);
  const taken = names.filter((name) => OWN_NAMES.includes(name) || isAdapterFile(name));
  if (taken.length === 0) return;
  const isAdapter = taken.every((name) => ADAPTER_FILES.includes(name)) && taken.includes(PEFT_CONFIG_FILE);
  if (isAdapter && overwrite) return;
  throw new WebLoraError('exists', setting('out', title), {
    got: `a folder with ${taken.join(', ')}, which no run.json of WebLoRA names`,
    wanted: 'a new folder',
    fix: isAdapter
      ? phrase`choose another ${setting('out')}, or replace that adapter with ${setting('overwrite')}`
      : phrase`choose another ${setting('out')}: nothing was changed`,
  });
}

/**
 * Removes what an earlier run left, before run.json is replaced: the adapter first, so that a process that dies on the way
 * leaves no old adapter under a new record.
 */
export async function clearRunFolder({ store, out }: RunFolder): Promise<void> {
  for (const name of ADAPTER_FILES) await store.remove(joinPath(out, name));
  await removeCheckpoints(store, out);
  await removeReference(store, out);
  for (const name of [METRICS_FILE, DAMAGED_METRICS_FILE]) await store.remove(joinPath(out, name));
}
