import type { MicroBatch } from '../data/batch.ts';

/** How losses of many rows are taken. */
export interface LossOptions {
  /** Losses of a batch's scored rows in nats, in their order. */
  readonly nllOf: (batch: MicroBatch) => Promise<Float32Array>;
  /** Tokens a batch may have. */
  readonly maxRows: number;
  readonly signal?: AbortSignal;
}
