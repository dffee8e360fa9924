import type { Example } from '../../data/rows.ts';
import type { Prediction } from '../evaluate.ts';
import type { SuiteResult } from '../report/report.ts';
import type { Subject } from './subject.ts';

/** What a bundled suite looks at. */
export interface SuiteInput {
  /** The model with its adapter, ready to be asked. */
  readonly subject: Subject;
  /** Held-out rows. */
  readonly examples: readonly Example[];
  /** Its answers to them. */
  readonly predictions: readonly Prediction[];
  readonly training: readonly Example[] | undefined;
}

/** A probe of what a tuned model does beside answering right. It can fail: its test has a model that it finds out. */
export interface Suite {
  readonly name: string;
  readonly label: string;
  /** The numbers that it gives, as bars name them. */
  readonly metrics: readonly string[];
  /** A text instead of a result says why it cannot be run. */
  readonly run: (input: SuiteInput) => Promise<SuiteResult | string>;
}
