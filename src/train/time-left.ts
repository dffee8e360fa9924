/** What a run has before it, in any unit of work: only ratios matter. */
export interface RunWork {
  /** Work of each update; the first entry is update 1. */
  readonly updates: readonly number[];
  /** Of evaluating once. */
  readonly evaluation: number;
  /** Whether the run is evaluated, and whether it is saved, after an update. */
  readonly isEvaluated: (step: number) => boolean;
  readonly isSaved: (step: number) => boolean;
}

/** What was measured of one kind of thing. */
interface Measured {
  times: number;
  seconds: number;
  work: number;
}

const none = (): Measured => ({ times: 0, seconds: 0, work: 0 });

/** Seconds after the first update from which what is left is told, and updates: one alone may have been disturbed. */
const CALIBRATION_SECONDS = 2;
const CALIBRATION_UPDATES = 2;

/**
 * Tells how long a run still takes from how long its updates took for their work: rows differ in length, so updates do in
 * work, and the ones before need not look like those to come. Evaluations and checkpoints count by themselves; until there
 * was one, an evaluation is taken to go at the updates' rate and a checkpoint to take no time. The first update is left out,
 * since it also gets things ready. Every call counts the time since the call before.
 */
export class TimeLeft {
  readonly #work: RunWork;
  readonly #now: () => number;
  /** Work of the updates after each step. */
  readonly #after: Float64Array;
  readonly #updates = none();
  readonly #evaluations = none();
  readonly #saves = none();
  #step: number;
  /** Whether these still come after the update at hand. */
  #isToEvaluate = false;
  #isToSave = false;
  #isWarm = false;
  #since: number;

  /** `step` updates are done already; `now` is in milliseconds. */
  constructor(work: RunWork, step: number, now: () => number = () => performance.now()) {
    this.#work = work;
    this.#step = step;
    this.#now = now;
    this.#since = now();
    this.#after = new Float64Array(work.updates.length + 1);
    for (let i = work.updates.length - 1; i >= 0; i -= 1)
      this.#after[i] = (this.#after[i + 1] ?? 0) + (work.updates[i] ?? 0);
  }

  /** What passed since the call before, a pause, belongs to nothing. */
  resumed(): void {
    this.#since = this.#now();
  }

  updated(step: number): void {
    const seconds = this.#lap();
    if (this.#isWarm) count(this.#updates, seconds, this.#work.updates[step - 1] ?? 0);
    this.#isWarm = true;
    this.#step = step;
    this.#isToEvaluate = this.#work.isEvaluated(step);
    this.#isToSave = this.#work.isSaved(step);
  }

  evaluated(): void {
    this.#isToEvaluate = false;
    count(this.#evaluations, this.#lap(), 0);
  }

  saved(): void {
    this.#isToSave = false;
    count(this.#saves, this.#lap(), 0);
  }

  /** Until enough is known, undefined; a short run may end before. */
  get seconds(): number | undefined {
    const { times, seconds, work } = this.#updates;
    if (times < CALIBRATION_UPDATES || work === 0) return undefined;
    if (seconds + this.#evaluations.seconds + this.#saves.seconds < CALIBRATION_SECONDS) return undefined;
    const rate = seconds / work;
    const evaluation = meanOf(this.#evaluations) ?? this.#work.evaluation * rate;
    let evaluations = this.#isToEvaluate ? 1 : 0;
    let saves = this.#isToSave ? 1 : 0;
    for (let step = this.#step + 1; step <= this.#work.updates.length; step += 1) {
      if (this.#work.isEvaluated(step)) evaluations += 1;
      if (this.#work.isSaved(step)) saves += 1;
    }
    return (this.#after[this.#step] ?? 0) * rate + evaluations * evaluation + saves * (meanOf(this.#saves) ?? 0);
  }

  #lap(): number {
    const now = this.#now();
    const seconds = (now - this.#since) / 1000;
    this.#since = now;
    return seconds;
  }
}

function count(measured: Measured, seconds: number, work: number): void {
  measured.times += 1;
  measured.seconds += seconds;
  measured.work += work;
}

function meanOf({ times, seconds }: Measured): number | undefined {
  return times === 0 ? undefined : seconds / times;
}
