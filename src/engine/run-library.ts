import { WebLoraError } from '../errors.ts';
import { PEFT_CARD_FILE } from '../adapters/formats/peft.ts';
import { joinPath } from '../storage/paths.ts';
import type { FileStore } from '../storage/store.ts';
import { METRICS_FILE, readRunRecord } from '../train/run-record.ts';
import type { RunDetails, StepRecord } from '../../workers/engine/contract.ts';

/** The lines of metrics.jsonl by kind; a half-written last line of a killed tab is left out. */
function readMetrics(text: string): Pick<RunDetails, 'steps' | 'evals'> {
  const steps: StepRecord[] = [];
  const evals: { step: number; evalLoss: number }[] = [];
  for (const line of text.split('\n')) {
    let entry: Readonly<Record<string, number>>;
    try {
      entry = JSON.parse(line) as Readonly<Record<string, number>>;
    } catch {
      continue;
    }
    const of = (name: string): number => entry[name] ?? Number.NaN;
    if (entry['eval_loss'] !== undefined) evals.push({ step: of('step'), evalLoss: of('eval_loss') });
    else {
      steps.push({
        step: of('step'),
        epoch: of('epoch'),
        loss: of('loss'),
        gradNorm: of('grad_norm'),
        learningRate: of('learning_rate'),
        tokens: of('tokens'),
        totalTokens: of('total_tokens'),
        tokensPerSecond: of('tokens_per_second'),
        elapsedSeconds: of('elapsed_seconds'),
      });
    }
  }
  return { steps, evals };
}

/** @throws `file-not-found` where there is no run of that name */
export async function readRunDetails(store: FileStore, out: string): Promise<RunDetails> {
  const record = await readRunRecord(store, out);
  if (record === undefined) {
    throw new WebLoraError('file-not-found', `run '${out}'`, { fix: 'it may have been deleted in another tab' });
  }
  const textOf = async (name: string): Promise<string> => {
    const path = joinPath(out, name);
    return (await store.exists(path)) ? store.readText(path) : '';
  };
  return { record, ...readMetrics(await textOf(METRICS_FILE)), card: await textOf(PEFT_CARD_FILE) };
}

/** @throws `locked` while the run is being trained, here or in another tab */
export async function deleteRun(store: FileStore, out: string): Promise<void> {
  const lock = await store.lock(joinPath(out, '.lock'));
  await lock.release();
  await store.remove(out, { recursive: true });
}
