import { WebLoraError } from '../errors.ts';
import { phrase, setting } from '../phrase.ts';
import { joinPath } from '../storage/paths.ts';
import { readLatestCheckpoint, removeCheckpoints } from './checkpoints.ts';
import { cutMetrics, METRICS_FILE } from './metrics.ts';
import { RunPasses } from './passes.ts';
import { initialParams } from './initial-params.ts';
import { adapterSettings, scheduleRun } from './prepare-run.ts';
import { programSettings } from './program-settings.ts';
import { removeReference, resolveReference } from './reference.ts';
import { readRunData } from './run-data.ts';
import type { TrainedRun } from './run-events.ts';
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
  let made: MadeTrainer | undefined;
  try {
    const existing = await readRunRecord(store, out);
    if (isFinished(existing)) {
      if (request.resume === true) return alreadyFinished(existing);
      if (request.overwrite !== true) {
        throw new WebLoraError('exists', setting('out', out), {
          got: 'a folder with a finished adapter',
          wanted: 'a new folder',
          fix: phrase`choose another ${setting('out')}, or replace it with ${setting('overwrite')}`,
        });
      }
    }
    const data = await readRunData(opened, request.base.context, config, {
      objective,
      data: request.data,
      ...(request.evalData && { evalData: request.evalData }),
    });
    const adapter = adapterSettings(request);
    const planned = programSettings(opened.model, request.base, config, adapter.lora);
    const passes = new RunPasses(objective, data, planned.rows);
    const schedule = scheduleRun(config, data, (row) => passes.tokensOf(row));
    const settings = { ...planned, microSteps: schedule.size.accumulate };
    made = await request.makeTrainer({
      settings,
      tune: config.tune,
      ...(request.resume === true && existing !== undefined && { kernels: existing.kernels }),
      onProgress: (done, total) => request.emit({ kind: 'preparing', done, total }),
    });
    const { trainer } = made;
    const { format } = request.base;
    const checkpoint = request.resume === true ? await readLatestCheckpoint(store, out) : undefined;
    if (checkpoint === undefined) {
      await removeCheckpoints(store, out);
      await removeReference(store, out);
      await store.remove(joinPath(out, METRICS_FILE));
    }
    const start = (): Promise<NamedMatrices> =>
      initialParams(opened, format, adapter.lora, config.seed, request.initAdapter);
    if (objective.needsReference) passes.reference = await resolveReference(store, out, { trainer, passes, start });
    trainer.writeState(checkpoint?.state ?? { params: await start() });
    await cutMetrics(store, out, checkpoint?.step ?? 0);
    const result = new RunResult(request, { data, made, schedule, adapter });
    await writeRunRecord(store, out, result.record);
    const notices =
      checkpoint === undefined || existing === undefined ? [] : changedKernels(existing.kernels, made.kernels);
    return await new RunLoop(request, { data, passes, schedule, made, result, checkpoint, notices }).run();
  } finally {
    made?.trainer.dispose();
    await lock.release();
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

function alreadyFinished(record: RunRecord | undefined): TrainedRun {
  const results = record?.results;
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
