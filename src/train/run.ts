import { adapterHash } from '../adapters/lineage.ts';
import { toFailure, WebLoraError, type ErrorCode } from '../errors.ts';
import type { BaseFormat } from '../formats/quantize.ts';
import { lostTooOften, MOST_LOSSES } from '../gpu/gpu.ts';
import { phrase, setting, type Mention, type Phrase } from '../phrase.ts';
import { joinPath } from '../storage/paths.ts';
import type { TrainConfig } from './config.ts';
import { findLatestCheckpoint, removeOlderCheckpoints, setAside, type Checkpoint } from './checkpoints.ts';
import { MetricsFile } from './metrics-file.ts';
import { smallerFootprint, type Footprint } from './memory-remedy.ts';
import { RunPasses } from './passes.ts';
import { initialParams } from './initial-params.ts';
import { adapterSettings, scheduleRun, type AdapterSettings, type RunSchedule } from './prepare-run.ts';
import { programSettings } from './program-settings.ts';
import type { ProgramSettings } from './program.ts';
import { resolveReference } from './reference.ts';
import { readRunData, type DataFacts, type RunData } from './run-data.ts';
import type { MemoryRemedy, RunIncident, TrainedRun } from './run-events.ts';
import { alreadyFinished, assertMayWrite, clearRunFolder, type RunFolder } from './run-folder.ts';
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
    if (resumed !== undefined && isFinished(resumed)) return await alreadyFinished(folder);
    if (resumed === undefined) await assertMayWrite(folder, request.overwrite === true);
    const data = await readRunData(opened, request.base.context, config, {
      objective,
      data: request.data,
      ...(request.evalData && { evalData: request.evalData }),
      ...(request.replayData && { replayData: request.replayData }),
    });
    if (resumed !== undefined) assertSameInputs(request, resumed, data);
    const adapter = adapterSettings(request);
    return await withDevices(request, { folder, resumed, data, adapter });
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
}

/** What decides how much of it is on the GPU at a time. */
interface RunLayout {
  readonly passes: RunPasses;
  readonly schedule: RunSchedule;
  readonly settings: ProgramSettings;
}

/** @param split into how many parts each micro-batch of the settings is taken */
function layOut(request: RunRequest, { data, adapter }: PreparedRun, split: number): RunLayout {
  const { opened, base, objective } = request;
  const config = { ...request.config, batchSize: request.config.batchSize / split };
  const planned = programSettings(opened.model, base, config, adapter.lora);
  const passes = new RunPasses(objective, data, planned.rows);
  const schedule = scheduleRun(request.config, data, (row) => passes.tokensOf(row), split);
  return { passes, schedule, settings: { ...planned, microSteps: schedule.size.accumulate * split } };
}

/**
 * Plays the run, again from its last checkpoint where the device was lost or had no memory for it, until that happens for the
 * third time without a checkpoint in between.
 */
async function withDevices(request: RunRequest, prepared: PreparedRun): Promise<TrainedRun> {
  const { resumed } = prepared;
  let { kernels }: Partial<Pick<RunRecord, 'kernels'>> = resumed ?? {};
  let split = resumed?.resolved.batchSplit ?? 1;
  const incidents = [...(resumed?.incidents ?? [])];
  let isStarted = false;
  const emit: RunRequest['emit'] = (event) => {
    isStarted ||= event.kind === 'started';
    request.emit(event);
  };
  let failures = 0;
  let reached = 0;
  for (;;) {
    const layout = layOut(request, prepared, split);
    let made: MadeTrainer | undefined;
    try {
      made = await request.makeTrainer({
        settings: layout.settings,
        tune: request.config.tune,
        ...(kernels !== undefined && { kernels }),
        onProgress: (done, total) => {
          if (!isStarted) emit({ kind: 'preparing', done, total });
        },
      });
      ({ kernels } = made);
      return await playOnce({ ...request, emit }, { ...prepared, ...layout, incidents }, made, isStarted);
    } catch (error) {
      const loss = await made?.whyLost?.();
      const isShort = loss === undefined && toFailure(error).code === 'out-of-memory';
      // What does not fit from the start is told at once, with what helps.
      if (kernels === undefined || (loss === undefined && !isShort)) throw error;
      const { checkpoint: { step } = { step: 0 } } = await findLatestCheckpoint(request.store, request.out);
      failures = step > reached ? 1 : failures + 1;
      reached = step;
      if (loss !== undefined) {
        if (failures >= MOST_LOSSES) throw lostTooOften(loss.reason);
        incidents.push({ kind: 'device-lost', step, ...loss });
      } else {
        const smaller = smallerFootprint({ kernels, split }, request.config.batchSize);
        const reason = firstClause(error);
        if (failures >= MOST_LOSSES) throw shortTooOften(reason);
        if (smaller === undefined) throw error;
        const remedy = remedyOf(smaller, split, layout.schedule, request.config.batchSize);
        incidents.push({ kind: 'memory-short', step, reason, ...remedy });
        ({ kernels, split } = smaller);
      }
      const incident = incidents.at(-1);
      if (incident !== undefined) emit(incident);
    } finally {
      made?.trainer.dispose();
    }
  }
}

function remedyOf(smaller: Footprint, split: number, { size }: RunSchedule, batchSize: number): MemoryRemedy {
  return smaller.split === split
    ? { remedy: 'checkpointing', checkpointing: smaller.kernels.checkpointing }
    : {
        remedy: 'micro-batch',
        batchSize: batchSize / smaller.split,
        accumulate: size.accumulate * smaller.split,
      };
}

/** What went wrong, without what would help. */
const firstClause = (error: unknown): string => toFailure(error).message.split('; ')[0] ?? '';

/** What ends a run that has no memory again and again. */
function shortTooOften(reason: string): WebLoraError {
  return new WebLoraError('out-of-memory', `${reason} (${MOST_LOSSES} times in a row)`, {
    fix: phrase`close other programs that use the GPU and continue with ${setting('resume')}, or begin again with a smaller ${setting('seqLen')}, ${setting('batchSize')} or ${setting('rank')}`,
  });
}

/** Plays the run on one trainer, from its last checkpoint or its beginning. */
async function playOnce(
  request: RunRequest,
  {
    folder,
    resumed,
    data,
    adapter,
    passes,
    schedule,
    incidents,
  }: PreparedRun & RunLayout & { readonly incidents: readonly RunIncident[] },
  made: MadeTrainer,
  isAgain: boolean,
): Promise<TrainedRun> {
  const { store, out, opened, config, objective } = request;
  const { trainer } = made;
  const { format } = request.base;
  const { checkpoint, warnings }: StartingPoint = isAgain
    ? { ...(await findLatestCheckpoint(store, out)), warnings: [] }
    : await startingPoint(folder, resumed !== undefined);
  const start = (): Promise<NamedMatrices> =>
    initialParams(opened, format, adapter.lora, config.seed, request.initAdapter);
  if (objective.needsReference) {
    const isStopping = (): boolean => request.control.isStopping;
    passes.reference = await resolveReference(store, out, { trainer, passes, start, isStopping });
  }
  trainer.writeState(checkpoint?.state ?? { params: await start() });
  const { metrics, damage } = await MetricsFile.continue(store, out, checkpoint ?? { step: 0 });
  if (checkpoint !== undefined && damage !== undefined)
    warnings.push(
      `the losses up to update ${checkpoint.step} are not those that the run wrote: ${damage}, and the curve begins there anew`,
    );
  const result = new RunResult(request, { data, made, schedule, adapter, incidents });
  await writeRunRecord(store, out, result.record);
  const isResumed = checkpoint !== undefined && resumed !== undefined;
  const notices = [
    ...(isResumed ? changedKernels(resumed.kernels, made.kernels) : []),
    ...(isResumed ? splitBatches(schedule, config.batchSize) : []),
    ...unusedMatrices(made.kernels, format),
  ];
  warnings.push(...idleSettings(config, data));
  const parts = { data, passes, schedule, made, result, metrics, checkpoint, notices, warnings, isAgain };
  try {
    return await new RunLoop(request, parts).run();
  } catch (error) {
    // The last checkpoint stays for --resume.
    await result.writeStatus('failed').catch(() => undefined);
    throw error;
  }
}

/** A resumed run goes on with the micro-batches that it had. */
function splitBatches({ split, size }: RunSchedule, batchSize: number): string[] {
  if (split === 1) return [];
  return [
    `memory was short before: micro-batches have ${batchSize / split} of ${batchSize} rows, and an update has ` +
      `${size.accumulate * split} of them`,
  ];
}

/** A resumed run whose kernels this device lacks goes on with others, whose sums are in another order. */
function changedKernels(before: RunRecord['kernels'], now: RunRecord['kernels']): string[] {
  if (before.variant === now.variant) return [];
  return [
    `the run was begun with ${before.variant} kernels, which this device cannot run; it goes on with ${now.variant} ` +
      'kernels and differs from the uninterrupted run by rounding',
  ];
}

/** Settings of evaluations that a run without held-out rows does not make. */
function idleSettings({ evalEvery, earlyStoppingPatience }: TrainConfig, { evaluation }: RunData): Phrase[] {
  if (evaluation.length > 0) return [];
  const keys = [
    ...(evalEvery === undefined ? [] : (['evalEvery'] as const)),
    ...(earlyStoppingPatience === undefined ? [] : (['earlyStoppingPatience'] as const)),
  ];
  return keys.map(
    (key) =>
      phrase`${setting(key)} has no effect without held-out rows: add ${setting('evalData')} or ${setting('evalSplit')}`,
  );
}

/** A base in f32 would lose bits in halves, so its products stay as they are. */
function unusedMatrices({ variant }: RunRecord['kernels'], format: BaseFormat): Phrase[] {
  if (variant !== 'subgroup-matrix' || format !== 'f32') return [];
  return [
    phrase`the base is in f32, whose products do not go through subgroup matrices; those of another ${setting('base')} do`,
  ];
}

interface StartingPoint {
  readonly checkpoint?: Checkpoint | undefined;
  readonly warnings: Phrase[];
}

/**
 * Where a run goes on: at its newest whole checkpoint, or at the start with an empty folder. Damaged checkpoints are set
 * aside and told of.
 */
async function startingPoint(folder: RunFolder, isResumed: boolean): Promise<StartingPoint> {
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
