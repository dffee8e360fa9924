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
  /** Of each micro-step since the update before: the loss of each scored token in nats. */
  readonly nll: readonly Float32Array[];
}

/** Dense row-major matrices by name (`model.layers.0.self_attn.q_proj.lora_A.weight`). */
export type NamedMatrices = ReadonlyMap<string, Float32Array>;

/** Everything that must survive for a run to continue bit for bit, besides the position in the data. */
export interface TrainerState {
  readonly params: NamedMatrices;
  /** Optimizer state by its own name (`m`, `v`, `velocity`), and `start` where a run decays towards its start. */
  readonly moments: Readonly<Record<string, NamedMatrices>>;
}

export interface MicroStepOptions {
  /** Whether gradients start from zero: the first micro-step of an optimizer step. */
  readonly first: boolean;
  readonly seed: MicroSeed;
}

/**
 * One training run's arithmetic, on whichever executor. An optimizer step is: a micro-step for each of its micro-batches,
 * then `update`. Work is queued in call order; awaiting is only needed for results.
 */
export interface Trainer {
  /**
   * Adds the gradient of a sum of the batch's per-token losses, each weighted by its `dNll`.
   * @param options.dNll [M], the gradient that enters the loss head; absent: 1 each
   */
  microStep(batch: MicroBatch, options: MicroStepOptions & { readonly dNll?: Float32Array }): void;
  /**
   * As `microStep`, with weights that depend on the losses: `dNllOf` is called with them ([M], in nats) between the forward
   * and the backward pass. No other call may be made before it resolves.
   */
  microStepFromLosses(
    batch: MicroBatch,
    options: MicroStepOptions & { readonly dNllOf: (nll: Float32Array) => Float32Array },
  ): Promise<void>;
  /** Applies the optimizer to the gradient sums, scaled by hyper.invTokens. */
  update(hyper: Hyper): Promise<UpdateResult>;
  /** Per-token losses of the labelled rows, without dropout, gradients untouched. */
  evaluate(batch: MicroBatch): Promise<Float32Array>;
  /**
   * What a batch of so many rows, so many of them labelled, costs to train on or to evaluate, in a unit of the trainer's own.
   * `update` is not counted: it costs the same every time.
   */
  workOf(batch: { readonly rows: number; readonly labelled: number }, of: 'training' | 'evaluation'): number;
  /** Gradient sums of the micro-steps since the update before. */
  readGradients(): Promise<NamedMatrices>;
  readState(): Promise<TrainerState>;
  /** Replaces parameters and, where given, moments; without them the parameters are those that a run starts from. */
  writeState(state: { readonly params: NamedMatrices; readonly moments?: TrainerState['moments'] }): void;
  dispose(): void;
}
