import { joinPath } from '../storage/paths.ts';
import type { FileStore } from '../storage/store.ts';
import { decodeLine, type EvalMetrics, type MetricsLine, type StepMetrics } from './metrics.ts';

/** In a run's folder: a line for each step, and for each evaluation. */
export const METRICS_FILE = 'metrics.jsonl';

export async function appendMetrics(store: FileStore, out: string, line: MetricsLine): Promise<void> {
  await store.append(joinPath(out, METRICS_FILE), `${JSON.stringify(line)}\n`);
}

/** What is recorded of a run in `out`, as text; empty where nothing is. */
export async function readMetricsText(store: FileStore, out: string): Promise<string> {
  const path = joinPath(out, METRICS_FILE);
  return (await store.exists(path)) ? store.readText(path) : '';
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

/** Keeps the lines up to and with `step`, as a resumed run needs them. */
export async function cutMetrics(store: FileStore, out: string, step: number): Promise<void> {
  const path = joinPath(out, METRICS_FILE);
  if (!(await store.exists(path))) return;
  const kept = (await store.readText(path)).split('\n').filter((line) => (decodeLine(line)?.step ?? NaN) <= step);
  await store.write(`${path}.tmp`, kept.map((line) => `${line}\n`).join(''));
  await store.replace(`${path}.tmp`, path);
}
