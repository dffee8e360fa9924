import type { LoraAdapter } from '../adapters/adapter.ts';
import type { RowProblem } from '../data/rows.ts';
import type { Checkpointing } from '../graph/differentiate.ts';
import type { Phrase } from '../phrase.ts';
import type { EvalMetrics, StepMetrics } from './metrics.ts';
import type { PlanReport } from './program.ts';

/** What a run tells while it goes on. */
export type RunEvent =
  /** GPU programs compiled so far, of all, before the run starts. */
  | { readonly kind: 'preparing'; readonly done: number; readonly total: number }
  | {
      readonly kind: 'started';
      readonly totalSteps: number;
      readonly firstStep: number;
      readonly rows: number;
      readonly evalRows: number;
      readonly learningRate: number;
      readonly accumulate: number;
      /** Absent on the tfjs executor, which is not planned. */
      readonly plan?: PlanReport;
      /** Sentences for the user: the length of the run, rows cut or skipped, … */
      readonly notices: readonly Phrase[];
      /** That its updates may be too few to learn from. */
      readonly lengthWarning?: string;
      /** What is not as the user would expect: a damaged checkpoint, a start from nothing. */
      readonly warnings: readonly Phrase[];
      readonly skippedRows: readonly RowProblem[];
    }
  /** `secondsLeft` until the run ends; absent until two seconds of it are known. */
  | ({ readonly kind: 'step'; readonly secondsLeft?: number } & StepMetrics)
  | ({ readonly kind: 'eval' } & EvalMetrics)
  | { readonly kind: 'checkpoint'; readonly step: number; readonly path: string }
  | { readonly kind: 'paused' | 'resumed'; readonly step: number }
  | RunIncident;

/** What interrupted a run that goes on by itself: the updates after `step` are made once more. run.json keeps them. */
export type RunIncident = { readonly reason: string; readonly step: number } &
  /** The GPU was lost and is opened again; where it was at work it is given shorter submissions, which changes no bit. */
  ({ readonly kind: 'device-lost'; readonly wasAtWork: boolean } | ({ readonly kind: 'memory-short' } & MemoryRemedy));

/** How a run goes on that was short of memory. */
export type MemoryRemedy =
  /** Less is kept for the backward pass and more computed again, which changes no bit of the result. */
  | { readonly remedy: 'checkpointing'; readonly checkpointing: Checkpointing }
  /**
   * Smaller micro-batches, more of them to an update: it learns from the same rows, and its sums are added in another order,
   * with other dropout masks.
   */
  | { readonly remedy: 'micro-batch'; readonly batchSize: number; readonly accumulate: number };

/** How a run ended, with what it trained. */
export interface RunReport<Adapter> {
  /** `stopped` by the user: resumable. `already-finished`: there was nothing left to resume. */
  readonly ended: 'completed' | 'early-stopped' | 'stopped' | 'already-finished';
  readonly steps: number;
  readonly finalLoss: number;
  readonly evalLoss?: number;
  readonly totalTokens: number;
  readonly elapsedSeconds: number;
  readonly adapter: Adapter;
}

/** As `runTraining` returns it: without an adapter where the run was finished before. */
export type TrainedRun = RunReport<LoraAdapter | undefined>;
