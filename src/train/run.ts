import { adapterHash } from '../adapters/lineage.ts';
import { WebLoraError, type ErrorCode } from '../errors.ts';
import type { BaseFormat } from '../formats/quantize.ts';
import { lostTooOften, MOST_LOSSES } from '../gpu/gpu.ts';
import { phrase, setting, type Mention, type Phrase } from '../phrase.ts';
import { joinPath } from '../storage/paths.ts';
import { findLatestCheckpoint, removeOlderCheckpoints, setAside, type Checkpoint } from './checkpoints.ts';
import { MetricsFile, setDamagedMetricsAside } from './metrics-file.ts';
import { RunPasses } from './passes.ts';
import { initialParams } from './initial-params.ts';
import { adapterSettings, scheduleRun, type AdapterSettings, type RunSchedule } from './prepare-run.ts';
import { programSettings } from './program-settings.ts';
import type { ProgramSettings } from './program.ts';
import { resolveReference } from './reference.ts';
import { readRunData, type DataFacts, type RunData } from './run-data.ts';
import type { TrainedRun } from './run-events.ts';
import { assertMayWrite, clearRunFolder, hasFinishedAdapter, type RunFolder } from './run-folder.ts';
import { RunLoop } from './run-loop.ts';
import { isFinished, readRunRecord, writeRunRecord, type RunRecord } from './run-record.ts';
import type { MadeTrainer, RunRequest } from './run-request.ts';
import { RunResult } from './run-result.ts';
import type { NamedMatrices } from './trainer.ts';

/**
 * One training run from data file to finished adapter folder, with checkpoints on the way. Everything that decides the
 * result is in run.json, so that a killed run continues bit for bit.
 */
export async function runTraining(request: RunRequest): Promise<TrainedRun> {
  const { store, out, opened, config, objective } = request;
  const lock = await store.lock(joinPath(out, '.lock'));
  try {
    const existing = await readRunRecord(store, out);
    const folder = { store, out, title: request.title ?? out, record: existing };
    const resumed = request.resume === true ? existing : undefined;
    if (resumed !== undefined && isFinished(resumed)) return await alreadyFinished(folder, resumed);
    if (resumed === undefined) await assertMayWrite(folder, request.overwrite === true);
    const data = await readRunData(opened, request.base.context, config, {
      objective,
      data: request.data,
      ...(request.evalData && { evalData: request.evalData }),
      ...(request.replayData && { replayData: request.replayData }),
    });
    if (resumed !== undefined) assertSameInputs(request, resumed, data);
    const adapter = adapterSettings(request);
    const planned = programSettings(opened.model, request.base, config, adapter.lora);
    const passes = new RunPasses(objective, data, planned.rows);
    const schedule = scheduleRun(config, data, (row) => passes.tokensOf(row));
    const settings = { ...planned, microSteps: schedule.size.accumulate };
    return await withDevices(request, { folder, resumed, data, adapter, passes, schedule, settings });
  } finally {
    await lock.release();
  }
}

/** What is known of a run before its first device. */
interface PreparedRun {
  readonly folder: RunFolder;
  readonly resumed: RunRecord | undefined;
  readonly data: RunData;
  readonly adapter: AdapterSettings;
  readonly passes: RunPasses;
  readonly schedule: RunSchedule;
  readonly settings: ProgramSettings;
}

/**
 * Plays the run, again from its last checkpoint where the device was lost, until that happens for the third time without a
 * checkpoint in between.
 */
async function withDevices(request: RunRequest, prepared: PreparedRun): Promise<TrainedRun> {
  const { store, out } = request;
  const { resumed, settings } = prepared;
  let kernels = resumed?.kernels;
  let losses = 0;
  let reached = 0;
  for (let isAgain = false; ; isAgain = true) {
    const made = await request.makeTrainer({
      settings,
      tune: request.config.tune,
      ...(kernels !== undefined && { kernels }),
      onProgress: (done, total) => {
        if (!isAgain) request.emit({ kind: 'preparing', done, total });
      },
    });
    ({ kernels } = made);
    try {
      return await playOnce(request, prepared, made, isAgain);
    } catch (error) {
      const reason = await made.whyLost?.();
      if (reason === undefined) throw error;
      const { checkpoint: { step } = { step: 0 } } = await findLatestCheckpoint(store, out);
      losses = step > reached ? 1 : losses + 1;
      reached = step;
      if (losses >= MOST_LOSSES) throw lostTooOften(reason);
      request.emit({ kind: 'device-lost', reason, step });
    } finally {
      made.trainer.dispose();
    }
  }
}

/** Plays the run on one trainer, from its last checkpoint or its beginning. */
async function playOnce(
  request: RunRequest,
  { folder, resumed, data, adapter, passes, schedule }: PreparedRun,
  made: MadeTrainer,
  isAgain: boolean,
): Promise<TrainedRun> {
  const { store, out, opened, config, objective } = request;
  const { trainer } = made;
  const { format } = request.base;
  const { checkpoint, warnings } = isAgain
    ? { ...(await findLatestCheckpoint(store, out)), warnings: [] }
    : await startingPoint(folder, resumed !== undefined);
  const start = (): Promise<NamedMatrices> =>
    initialParams(opened, format, adapter.lora, config.seed, request.initAdapter);
  if (objective.needsReference) passes.reference = await resolveReference(store, out, { trainer, passes, start });
  trainer.writeState(checkpoint?.state ?? { params: await start() });
  const metrics = await MetricsFile.continue(store, out, checkpoint ?? { step: 0 });
  const result = new RunResult(request, { data, made, schedule, adapter });
  await writeRunRecord(store, out, result.record);
  const notices = [
    ...(checkpoint === undefined || resumed === undefined ? [] : changedKernels(resumed.kernels, made.kernels)),
    ...unusedMatrices(made.kernels, format),
  ];
  const parts = { data, passes, schedule, made, result, metrics, checkpoint, notices, warnings, isAgain };
  try {
    return await new RunLoop(request, parts).run();
  } catch (error) {
    // The last checkpoint stays for --resume.
    await result.writeStatus('failed').catch(() => undefined);
    throw error;
  }
}

/** A resumed run whose kernels this device lacks goes on with others, whose sums are in another order. */
function changedKernels(before: RunRecord['kernels'], now: RunRecord['kernels']): string[] {
  if (before.variant === now.variant) return [];
  return [
    `the run was begun with ${before.variant} kernels, which this device cannot run; it goes on with ${now.variant} ` +
      'kernels and differs from the uninterrupted run by rounding',
  ];
}

/** A base in f32 would lose bits in halves, so its products stay as they are. */
function unusedMatrices({ variant }: RunRecord['kernels'], format: BaseFormat): Phrase[] {
  if (variant !== 'subgroup-matrix' || format !== 'f32') return [];
  return [
    phrase`the base is in f32, whose products do not go through subgroup matrices; those of another ${setting('base')} do`,
  ];
}

/**
 * Where a run goes on: at its newest whole checkpoint, or at the start with an empty folder. Damaged checkpoints are set
 * aside and told of.
 */
async function startingPoint(
  folder: RunFolder,
  isResumed: boolean,
): Promise<{ readonly checkpoint: Checkpoint | undefined; readonly warnings: readonly Phrase[] }> {
  const { store, out, title } = folder;
  const { checkpoint, damaged } = isResumed ? await findLatestCheckpoint(store, out) : { damaged: [] };
  const warnings: Phrase[] = [];
  for (const { step, reason } of damaged) {
    const kept = await setAside(store, out, step);
    warnings.push(`the checkpoint of update ${step} is damaged (${reason}) and was moved to ${kept}`);
  }
  if (checkpoint !== undefined) {
    await removeOlderCheckpoints(store, out, checkpoint.step);
    if (damaged.length > 0) warnings.push(`continuing from the older checkpoint of update ${checkpoint.step}`);
    const aside = await setDamagedMetricsAside(store, out, checkpoint);
    if (aside !== undefined)
      warnings.push(
        `the losses up to update ${checkpoint.step} are not those that the run wrote: they were moved to ${aside}, and the curve begins there anew`,
      );
    return { checkpoint, warnings };
  }
  if (isResumed) warnings.push(`${title} has no valid checkpoint: the run starts at update 0`);
  if (damaged.length === 0) await clearRunFolder(folder);
  return { checkpoint, warnings };
}

/**
 * A resumed run goes on with the rows and the base it began with, whatever is at their paths now.
 * @throws WebLoraError `bad-data`, `bad-model` or `bad-adapter`, naming both
 */
export function assertSameInputs(
  request: Pick<RunRequest, 'opened' | 'base' | 'initAdapter'>,
  record: RunRecord,
  data: RunData,
): void {
  const { opened, base, initAdapter } = request;
  const differs = (code: ErrorCode, what: Phrase | Mention, got: string, wanted: string): WebLoraError =>
    new WebLoraError(code, what, {
      got,
      wanted: `${wanted}, with which the run began`,
      fix: phrase`bring that one back, or start a new run with another ${setting('out')}`,
    });
  const named = (name: string, sha256: string): string => `${name} with sha256 ${sha256.slice(0, 12)}…`;
  const files = [
    ['data', data.facts, record.data],
    ['evalData', data.evalFacts, record.evalData],
    ['replayData', data.replay?.facts, record.replayData],
  ] as const;
  for (const [key, got, wanted] of files) {
    if (got?.sha256 === wanted?.sha256) continue;
    const shown = (facts: DataFacts | undefined): string =>
      facts === undefined ? 'none' : named(facts.name, facts.sha256);
    throw differs('bad-data', setting(key), shown(got), shown(wanted));
  }
  if (opened.baseHash !== record.base.sha256)
    throw differs(
      'bad-model',
      setting('model'),
      named(opened.name, opened.baseHash),
      named(record.base.name, record.base.sha256),
    );
  if (base.format !== record.base.format) throw differs('bad-model', setting('base'), base.format, record.base.format);
  const initial = initAdapter && adapterHash(initAdapter);
  const [parent] = record.parents;
  if (initial !== parent)
    throw differs(
      'bad-adapter',
      setting('initAdapter'),
      initial === undefined ? 'none' : named('an adapter', initial),
      parent === undefined ? 'none' : named('the one', parent),
    );
}

/** @throws WebLoraError `bad-adapter` where the adapter is gone */
async function alreadyFinished(folder: RunFolder, record: RunRecord): Promise<TrainedRun> {
  if (!(await hasFinishedAdapter(folder))) {
    throw new WebLoraError('bad-adapter', folder.title, {
      got: 'a run.json that says the run is finished, and no adapter',
      wanted: 'both',
      fix: phrase`train again with ${setting('out')}`,
    });
  }
  const { results } = record;
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
