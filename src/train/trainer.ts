import type { MicroBatch } from '../data/batch.ts';
import type { Hyper } from '../../kernels/squared_norm/hyper.ts';

/** Seed of one micro-step's dropout masks. */
export interface MicroSeed {
  readonly low: number;
  readonly high: number;
}

/** What an update of the weights reports. */
export interface UpdateResult {
  /** Global L2 norm of the mean gradient, before clipping. */
  readonly gradNorm: number;
  /** False: the norm was NaN or infinite, and neither weights nor moments were touched, nor will be by later updates. */
  readonly finite: boolean;
  /** Sum of the window's per-token losses in nats. */
  readonly lossSum: number;
}

/** Dense row-major matrices by name (`model.layers.0.self_attn.q_proj.lora_A.weight`). */
export type NamedMatrices = ReadonlyMap<string, Float32Array>;

/** Everything that must survive for a run to continue bit for bit, besides the position in the data. */
export interface TrainerState {
  readonly params: NamedMatrices;
  /** Optimizer state by its own name (`m`, `v`, `velocity`). */
  readonly moments: Readonly<Record<string, NamedMatrices>>;
}

/**
 * One training run's arithmetic, on whichever executor. A window is: `microStep` for each of its micro-batches, then
 * `update`. Work is queued in call order; awaiting is only needed for results.
 */
export interface Trainer {
  /** Adds the gradient of the sum of the batch's per-token losses. `first` starts a new window from zero. */
  microStep(batch: MicroBatch, options: { readonly first: boolean; readonly seed: MicroSeed }): void;
  /** Applies the optimizer to the window's gradient sums, scaled by hyper.invTokens. */
  update(hyper: Hyper): Promise<UpdateResult>;
  /** Per-token losses of the labelled rows, without dropout, gradients untouched. */
  evaluate(batch: MicroBatch): Promise<Float32Array>;
  /**
   * What a batch of so many rows, so many of them labelled, costs to train on or to evaluate, in a unit of the trainer's own.
   * `update` is not counted: it costs every window the same.
   */
  workOf(batch: { readonly rows: number; readonly labelled: number }, of: 'training' | 'evaluation'): number;
  /** Gradient sums of the current window. */
  readGradients(): Promise<NamedMatrices>;
  readState(): Promise<TrainerState>;
  /** Replaces parameters and, where given, moments. */
  writeState(state: { readonly params: NamedMatrices; readonly moments?: TrainerState['moments'] }): void;
  dispose(): void;
}
