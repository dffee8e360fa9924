import type { Failure } from '../../errors.ts';

/** A failure as the page shows it. */
export interface PageFailure extends Failure {
  /** The run whose files are not in this browser any more, where that is why. */
  readonly goneRun?: string;
}
