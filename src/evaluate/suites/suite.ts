import type { Example } from '../../data/rows.ts';
import type { Prediction } from '../evaluate.ts';
import type { SuiteResult } from '../report/report.ts';
import type { Subject } from './subject.ts';
import type { Rule } from './suite-file.ts';

/** What a bundled suite looks at. */
export interface SuiteInput {
  /** The model with its adapter, ready to be asked. */
  readonly subject: Subject;
  /** Who answers from now on; whoever changes it changes it back to the tuned model. */
  readonly use: (who: 'base' | 'tuned') => Promise<void>;
  readonly hasAdapter: boolean;
  /** Held-out rows. */
  readonly examples: readonly Example[];
  /** Its answers to them. */
  readonly predictions: readonly Prediction[];
  readonly training: readonly Example[] | undefined;
  /** What every answer must keep to, as the suite file has it. */
  readonly rules: readonly Rule[];
}

/** A probe of what a tuned model does beside answering right. It can fail: its test has a model that it finds out. */
export interface Suite {
  readonly name: string;
  readonly label: string;
  /** The numbers that it gives, as bars name them. */
  readonly metrics: readonly string[];
  /** Whether it looks at the answers to held-out rows alone, so that it takes no time. */
  readonly asksNothing?: boolean;
  /** A text instead of a result says why it cannot be run. */
  readonly run: (input: SuiteInput) => Promise<SuiteResult | string>;
}

/** Some of a list, spread over it. */
export function spread<T>(values: readonly T[], count: number): T[] {
  const each = Math.max(1, values.length / count);
  return Array.from({ length: Math.min(count, values.length) }, (_, i) => values[Math.floor(i * each)]).filter(
    (value) => value !== undefined,
  );
}
