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

/** What a run goes on with. */
export interface ContinuedMetrics {
  readonly metrics: MetricsFile;
  /** What became of lines that are not those that were written; absent where they are whole. */
  readonly damage?: string;
}

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

  /**
   * With what was written up to a checkpoint; what a process that died wrote after it is cut off, as its updates are made again.
   * Metrics that are not those that were written up to there are moved aside, unless something is there already.
   */
  static async continue(
    store: FileStore,
    out: string,
    at: Pick<RunPosition, 'step' | 'metrics'>,
  ): Promise<ContinuedMetrics> {
    const path = joinPath(out, METRICS_FILE);
    const metrics = new MetricsFile(store, path);
    const all = (await store.exists(path)) ? await store.read(path) : undefined;
    const kept =
      at.metrics === undefined
        ? linesUpTo(new TextDecoder().decode(all), at.step)
        : (all ?? new Uint8Array()).subarray(0, at.metrics.bytes);
    metrics.#add(kept);
    if (at.metrics !== undefined && !isSame(metrics.mark, at.metrics))
      return { metrics: new MetricsFile(store, path), damage: await setAside(store, out) };
    if (all !== undefined) {
      await store.write(`${path}.tmp`, kept);
      await store.replace(`${path}.tmp`, path);
    }
    return { metrics };
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

const isSame = (a: MetricsMark, b: MetricsMark): boolean => a.bytes === b.bytes && a.sha256 === b.sha256;

function beginsAs(content: Uint8Array, mark: MetricsMark): boolean {
  const { byteLength: bytes } = content.subarray(0, mark.bytes);
  return isSame({ bytes, sha256: sha256Of(content.subarray(0, mark.bytes)) }, mark);
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

/** Moves metrics out of a run's way; what was moved there before stays. @returns what became of them */
async function setAside(store: FileStore, out: string): Promise<string> {
  const path = joinPath(out, METRICS_FILE);
  const aside = joinPath(out, DAMAGED_METRICS_FILE);
  if (!(await store.exists(path))) return `${path} is gone`;
  if (await store.exists(aside)) {
    await store.remove(path);
    return `they were removed, as ${aside} holds earlier ones`;
  }
  await store.replace(path, aside);
  return `they were moved to ${aside}`;
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
