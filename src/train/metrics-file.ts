import { RunningSha256, sha256Of } from '../hash.ts';
import { joinPath } from '../storage/paths.ts';
import type { FileStore } from '../storage/store.ts';
import { readLatestCheckpoint, type RunPosition } from './checkpoints.ts';
import { decodeLine, type EvalMetrics, type MetricsLine, type MetricsMark, type StepMetrics } from './metrics.ts';
import type { RunRecord } from './run-record.ts';

/** In a run's folder: a line for each step, and for each evaluation. */
export const METRICS_FILE = 'metrics.jsonl';
/** Where metrics that are not those that were written are put out of a resumed run's way. */
export const DAMAGED_METRICS_FILE = 'metrics.damaged.jsonl';

/** The metrics of a run that goes on: lines are added, and their hash is known at any time. */
export class MetricsFile {
  readonly #store: FileStore;
  readonly #path: string;
  readonly #hash = new RunningSha256();
  #bytes = 0;

  private constructor(store: FileStore, path: string) {
    this.#store = store;
    this.#path = path;
  }

  /** With what was written up to a checkpoint; what a process that died wrote after it is cut off, as its updates are made again. */
  static async continue(
    store: FileStore,
    out: string,
    at: Pick<RunPosition, 'step' | 'metrics'>,
  ): Promise<MetricsFile> {
    const path = joinPath(out, METRICS_FILE);
    const file = new MetricsFile(store, path);
    if (!(await store.exists(path))) return file;
    const all = await store.read(path);
    const kept =
      at.metrics !== undefined && beginsAs(all, at.metrics)
        ? all.subarray(0, at.metrics.bytes)
        : linesUpTo(new TextDecoder().decode(all), at.step);
    await store.write(`${path}.tmp`, kept);
    await store.replace(`${path}.tmp`, path);
    file.#add(kept);
    return file;
  }

  async append(line: MetricsLine): Promise<void> {
    const text = `${JSON.stringify(line)}\n`;
    await this.#store.append(this.#path, text);
    this.#add(new TextEncoder().encode(text));
  }

  /** For a checkpoint. */
  get mark(): MetricsMark {
    return { bytes: this.#bytes, sha256: this.#hash.digest };
  }

  #add(bytes: Uint8Array): void {
    this.#hash.add(bytes);
    this.#bytes += bytes.byteLength;
  }
}

function linesUpTo(text: string, step: number): Uint8Array {
  const kept = text.split('\n').filter((line) => (decodeLine(line)?.step ?? Number.NaN) <= step);
  return new TextEncoder().encode(kept.map((line) => `${line}\n`).join(''));
}

function beginsAs(content: Uint8Array, { bytes, sha256 }: MetricsMark): boolean {
  return content.byteLength >= bytes && sha256Of(content.subarray(0, bytes)) === sha256;
}

/** What is recorded of a run in `out`, as text; empty where nothing is. */
export async function readMetricsText(store: FileStore, out: string): Promise<string> {
  const path = joinPath(out, METRICS_FILE);
  return (await store.exists(path)) ? store.readText(path) : '';
}

/**
 * What is recorded of a run, and whether it is another than was written: as run.json has it of a run that ended, else up to the
 * newest checkpoint; what comes after that nothing vouches for, and a resumed run makes it again.
 */
export async function readCheckedMetrics(
  store: FileStore,
  out: string,
  { metricsSha256 }: RunRecord,
): Promise<{ readonly text: string; readonly isChanged: boolean }> {
  // The checkpoint first: a run that goes on meanwhile only adds to its metrics.
  const mark = metricsSha256 === undefined ? (await readLatestCheckpoint(store, out))?.metrics : undefined;
  const text = await readMetricsText(store, out);
  const isChanged =
    metricsSha256 === undefined
      ? mark !== undefined && !beginsAs(new TextEncoder().encode(text), mark)
      : metricsSha256 !== sha256Of(text);
  return { text, isChanged };
}

/**
 * Moves metrics aside that are not those that were written up to a checkpoint; what was moved there before stays.
 * @returns where they are now; undefined where they are whole
 */
export async function setDamagedMetricsAside(
  store: FileStore,
  out: string,
  { metrics }: Pick<RunPosition, 'metrics'>,
): Promise<string | undefined> {
  const path = joinPath(out, METRICS_FILE);
  const aside = joinPath(out, DAMAGED_METRICS_FILE);
  const content = (await store.exists(path)) ? await store.read(path) : new Uint8Array();
  if (metrics === undefined || beginsAs(content, metrics)) return undefined;
  if (await store.exists(aside)) await store.remove(path);
  else if (await store.exists(path)) await store.replace(path, aside);
  return aside;
}

/** The lines of such a text; a half-written last line of a killed process is left out. */
export function parseMetrics(text: string): {
  readonly steps: readonly StepMetrics[];
  readonly evals: readonly EvalMetrics[];
} {
  const steps: StepMetrics[] = [];
  const evals: EvalMetrics[] = [];
  for (const line of text.split('\n')) {
    const metrics = decodeLine(line);
    if (metrics === undefined) continue;
    if ('evalLoss' in metrics) evals.push(metrics);
    else steps.push(metrics);
  }
  return { steps, evals };
}

/** What is recorded of a run in `out`. */
export async function readMetrics(store: FileStore, out: string): Promise<ReturnType<typeof parseMetrics>> {
  return parseMetrics(await readMetricsText(store, out));
}
