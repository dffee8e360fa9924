import { toFailure, WebLoraError } from '../errors.ts';
import { CARD_FILE } from '../adapters/formats/index.ts';
import { joinPath } from '../storage/paths.ts';
import type { FileStore } from '../storage/store.ts';
import { parseMetrics, readCheckedMetrics } from '../train/metrics-file.ts';
import { readLatestCheckpoint } from '../train/checkpoints.ts';
import { isFinished, lacksFiles, readRunRecord } from '../train/run-record.ts';
import type { RunDetails, RunSummary } from './calls.ts';

/** Every run in a store. One whose record cannot be read is listed as damaged, so that it can be deleted. */
export async function listRuns(store: FileStore): Promise<RunSummary[]> {
  const runs: RunSummary[] = [];
  for (const { name: out, kind } of await store.list('')) {
    if (kind !== 'folder') continue;
    try {
      const record = await readRunRecord(store, out);
      if (record === undefined) continue;
      runs.push({
        out,
        finished: isFinished(record),
        step: record.results?.steps ?? (await readLatestCheckpoint(store, out))?.step ?? 0,
        totalSteps: record.resolved.steps,
        ...(record.results && { loss: record.results.finalLoss }),
        ...(record.results?.evalLoss !== undefined && { evalLoss: record.results.evalLoss }),
        model: record.base.name,
        ...((await lacksFiles(store, out, record)) && { lacksFiles: true }),
        origin: {
          ...(record.results && { adapterSha256: record.results.adapterSha256 }),
          parents: record.parents,
          baseSha256: record.base.sha256,
          data: { name: record.data.name, sha256: record.data.sha256, rows: record.data.rows },
        },
      });
    } catch (thrown) {
      runs.push({ out, finished: false, step: 0, totalSteps: 0, model: '', damaged: toFailure(thrown).message });
    }
  }
  return runs;
}

/** @throws `file-not-found` where there is no run of that name */
export async function readRunDetails(store: FileStore, out: string): Promise<RunDetails> {
  const record = await readRunRecord(store, out);
  if (record === undefined) {
    throw new WebLoraError('file-not-found', `run '${out}'`, { fix: 'it may have been deleted in another tab' });
  }
  const card = joinPath(out, CARD_FILE);
  const { text, isChanged } = await readCheckedMetrics(store, out, record);
  return {
    record,
    ...(isChanged ? { steps: [], evals: [], areMetricsChanged: true } : parseMetrics(text)),
    card: (await store.exists(card)) ? await store.readText(card) : '',
  };
}

/** @throws `locked` while the run is being trained, here or in another tab */
export async function deleteRun(store: FileStore, out: string): Promise<void> {
  const lock = await store.lock(joinPath(out, '.lock'));
  await lock.release();
  await store.remove(out, { recursive: true });
}
