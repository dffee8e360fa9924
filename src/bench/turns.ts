import { notMeasured, summarise, type About, type BenchRow } from './row.ts';
import type { TrainingJob } from './training-job.ts';

/** Timed updates of an implementation; one before them compiles and warms up. */
const UPDATES = 6;
/** Milliseconds of its own updates after which an implementation has no further turn: a large model takes minutes for one. */
const ENOUGH_MS = 120_000;

/** The updates of one implementation. */
export interface Timed {
  /** Milliseconds of the update that compiles. */
  readonly firstMs: number;
  /** Median of the others, milliseconds. */
  readonly medianMs: number;
  /** How many updates there were, the first included. */
  readonly updates: number;
}

/** One implementation of the update, ready on its device. */
export interface TrainingSide {
  /** The `count`-th update, counted from 1: its mean loss, when the device is done with it. */
  readonly update: (count: number) => Promise<number>;
  /** Called once, after all updates: what the row says beside times and losses. */
  readonly about?: (timed: Timed) => Promise<Readonly<Record<string, unknown>>>;
  readonly dispose: () => void;
}

export interface Implementation {
  readonly impl: string;
  readonly make: () => Promise<TrainingSide>;
  /** A failure becomes the status of its row instead of an error. */
  readonly mayFail: boolean;
}

/**
 * Times the updates of a job by several implementations in turns: one update of each, then the next of each. A machine whose
 * speed changes from one minute to the next then does so for all of them, and their ratios hold. A first update of each is
 * left out; an implementation that has taken two minutes stops there, after one timed update at least.
 */
export async function timeInTurns(
  job: TrainingJob,
  implementations: readonly Implementation[],
  about: About,
  onMeasure: (what: string) => void,
): Promise<readonly BenchRow[]> {
  const turns: Turns[] = [];
  try {
    for (const implementation of implementations) {
      onMeasure(`${job.tokens} tokens, ${implementation.impl}`);
      const side = new Turns(implementation);
      turns.push(side);
      await side.open();
      await side.take();
    }
    if (turns.length > 1) onMeasure(`${job.tokens} tokens, in turns`);
    for (let update = 1; update <= UPDATES; update += 1) for (const side of turns) await side.take();
    const rows: BenchRow[] = [];
    for (const side of turns)
      rows.push({ ...job.row, impl: side.impl, ...about, ...(await side.result(job.tokens)) } as BenchRow);
    return rows;
  } finally {
    for (const side of turns) side.dispose();
  }
}

/** An implementation with the times of its updates. */
class Turns {
  readonly impl: string;
  readonly #implementation: Implementation;
  readonly #times: number[] = [];
  readonly #losses: number[] = [];
  #side: TrainingSide | undefined;
  #failure: string | undefined;

  constructor(implementation: Implementation) {
    this.impl = implementation.impl;
    this.#implementation = implementation;
  }

  open(): Promise<void> {
    return this.#try(async () => {
      this.#side = await this.#implementation.make();
    });
  }

  /** One update, unless it has failed or taken long enough. */
  async take(): Promise<void> {
    const side = this.#side;
    const spent = this.#times.reduce((sum, time) => sum + time, 0);
    if (side === undefined || this.#failure !== undefined || (this.#times.length > 1 && spent > ENOUGH_MS)) return;
    await this.#try(async () => {
      const start = performance.now();
      const loss = await side.update(this.#times.length + 1);
      this.#times.push(performance.now() - start);
      this.#losses.push(loss);
    });
  }

  /** The fields of its row after those of all rows. */
  async result(tokens: number): Promise<Readonly<Record<string, unknown>>> {
    let fields = {};
    await this.#try(async () => {
      if (this.#side === undefined || this.#failure !== undefined) return;
      const [firstMs = Number.NaN, ...times] = this.#times;
      const spread = summarise(times);
      const more = await this.#side.about?.({ firstMs, medianMs: spread.medianMs, updates: this.#times.length });
      fields = { ...spread, tokensPerSec: (tokens / spread.medianMs) * 1000, ...more, losses: this.#losses };
    });
    return this.#failure === undefined ? { ...fields, status: 'ok' } : { status: this.#failure };
  }

  dispose(): void {
    this.#side?.dispose();
  }

  async #try(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!this.#implementation.mayFail) throw error;
      this.#failure = notMeasured(error);
    }
  }
}
