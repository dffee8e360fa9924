import type { Dataset } from '../data/dataset.ts';
import { Pcg32, shuffledIndexes } from '../data/random.ts';
import { readDataRows } from '../data/read-rows.ts';
import { describeProblem, type DataRow } from '../data/rows.ts';
import { rowJson } from '../data/write-row.ts';
import { WebLoraError } from '../errors.ts';
import type { Prediction } from '../evaluate/evaluate.ts';
import { measureAll, type Measures } from '../evaluate/metrics/measure.ts';
import { makeMemoryStore } from '../storage/memory-store.ts';
import type { TrainConfig } from '../train/config.ts';
import { RunControl } from '../train/run-control.ts';
import type { LoadedModel } from './core.ts';

export const FOLDS = 5;
/** Of fewer rows a fold has one, and a model is trained on next to nothing. */
const LEAST_ROWS = 10;
/** Stream of the random numbers that deal rows out to folds. */
const FOLD_STREAM = 0xf01d;

export interface FiveFoldReport {
  readonly rows: number;
  /** Mean nats per scored token over all rows, each by the model that was not trained on it. */
  readonly loss: number;
  /** Over the answers of all folds together. The intervals take rows for independent, as if one model had answered. */
  readonly scores: Measures;
  readonly folds: readonly { readonly rows: number; readonly loss: number; readonly exactMatch: number | null }[];
  /** By their lines in the file. */
  readonly predictions: readonly Prediction[];
}

export interface FiveFoldOptions {
  readonly maxNewTokens?: number;
  readonly signal?: AbortSignal;
  /** Folds that are done. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** JSONL with each row on the line that it has in its file. */
function onTheirLines(name: string, rows: readonly DataRow[]): Dataset {
  const lines: string[] = [];
  for (const row of rows) lines[row.line - 1] = JSON.stringify(rowJson(row));
  return { name, bytes: new TextEncoder().encode(`${Array.from(lines, (line) => line ?? '').join('\n')}\n`) };
}

/**
 * What training on these rows is worth where too few are there to hold any out: five models, each trained on four fifths of the
 * rows and asked the rest, so that every row is answered once by a model that never saw it.
 * @throws `bad-data` for fewer than ten rows or rows that cannot be read, `aborted`
 */
export async function fiveFold(
  model: LoadedModel,
  data: Dataset,
  config: TrainConfig,
  { maxNewTokens, signal, onProgress }: FiveFoldOptions = {},
): Promise<FiveFoldReport> {
  const { rows, problems } = await readDataRows(data.bytes, data.name, {
    ...(data.columns && { columns: data.columns }),
  });
  const [problem] = problems;
  if (problem !== undefined) throw new WebLoraError('bad-data', describeProblem(problem));
  if (rows.length < LEAST_ROWS) {
    throw new WebLoraError('bad-data', `${data.name}: rows`, {
      got: rows.length,
      wanted: `at least ${LEAST_ROWS}`,
      fix: 'add rows: of so few nothing can be told in any way',
    });
  }
  const order = [...shuffledIndexes(rows.length, new Pcg32(config.seed, FOLD_STREAM))];
  const foldOf = new Map(order.map((row, at) => [row, at % FOLDS]));
  const predictions: Prediction[] = [];
  const folds: FiveFoldReport['folds'][number][] = [];
  let [losses, tokens] = [0, 0];
  for (let fold = 0; fold < FOLDS; fold += 1) {
    onProgress?.(fold, FOLDS);
    const part = (isHeld: boolean): Dataset =>
      onTheirLines(
        data.name,
        rows.filter((_, at) => (foldOf.get(at) === fold) === isHeld),
      );
    const control = new RunControl();
    const stop = (): void => control.stop();
    if (signal?.aborted === true) throw new WebLoraError('aborted', 'stopped between folds');
    signal?.addEventListener('abort', stop);
    const { adapter, ended } = await model
      .train({
        ...{ config, data: part(false), store: makeMemoryStore(), out: `fold-${fold + 1}`, resume: false, control },
        emit: () => undefined,
      })
      .finally(() => signal?.removeEventListener('abort', stop));
    if (ended === 'stopped' || adapter === undefined)
      throw new WebLoraError('aborted', 'stopped while training a fold');
    const report = await model.evaluate(part(true), {
      adapter,
      ...(config.system !== undefined && { system: config.system }),
      ...(maxNewTokens !== undefined && { maxNewTokens }),
      ...(signal && { signal }),
    });
    model.dropAdapter(adapter);
    losses += report.loss * report.tokens;
    tokens += report.tokens;
    predictions.push(...report.predictions);
    folds.push({ rows: report.rows, loss: report.loss, exactMatch: report.exactMatch });
  }
  onProgress?.(FOLDS, FOLDS);
  predictions.sort((a, b) => a.row - b.row);
  return { rows: rows.length, loss: losses / tokens, scores: measureAll(predictions), folds, predictions };
}
