import type { SampleKey } from '../examples/samples.ts';

/** A run on a sample as `scripts/record-demos.ts` made it: what a device plays that is too slow to train for a demo. */
export interface Recording {
  readonly sample: SampleKey;
  /** Of the base model it was made with. */
  readonly baseSha256: string;
  readonly device: string;
  readonly steps: number;
  /** That the training took there. */
  readonly seconds: number;
  readonly losses: readonly { readonly step: number; readonly loss: number }[];
  /** Right answers to held-out questions. */
  readonly exam: { readonly asked: number; readonly before: number; readonly after: number };
  readonly answers: readonly {
    readonly question: string;
    readonly wanted: string;
    readonly before: string;
    readonly after: string;
  }[];
}

/** Share of the held-out questions that a demo has to answer right. */
export const DEMO_BAR = 0.8;
