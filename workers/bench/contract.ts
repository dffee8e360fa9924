import type { BenchRow, Suite } from '../../src/bench/row.ts';
import type { Failure } from '../../src/errors.ts';

export interface BenchRequest {
  readonly suites: readonly Suite[];
  /** Tokens of the training steps. */
  readonly lengths: readonly number[];
  /** Only the cases of this kernel. */
  readonly kernel?: string;
  /** Also stock tfjs ops and jax-js on the same work. */
  readonly peers: boolean;
  /** What every row says of the browser, which a worker knows less of than its page. */
  readonly runtime: string;
}

export type BenchEvent = { readonly seq: number } & (
  | { readonly kind: 'measuring'; readonly suite: Suite; readonly what: string }
  | { readonly kind: 'row'; readonly row: BenchRow }
  /** The rest of a suite is left out; the next one follows. */
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'done' }
);

/** The border between the benchmark's page and the thread that measures: plain data, failures as events with a code. */
export interface BenchApi {
  /** Runs the suites on the built-in model, one after the other. The last event is `done`. */
  run(request: BenchRequest, events: MessagePort): Promise<void>;
}
