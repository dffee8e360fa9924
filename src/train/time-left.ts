/** After which updates something is done. */
export interface Due {
  /** Every so many; Infinity: never. */
  readonly every: number;
  /** Whether also, or only not, after the last one. */
  readonly atEnd: boolean;
}

/** What a run has before it, in any unit of work: only ratios matter. */
export interface RunWork {
  /** Updates in all. */
  readonly count: number;
  /** Work of each update; the first entry is update 1. Of a very long run only of the first ones: the rest is like them. */
  readonly updates: readonly number[];
  /** Of evaluating once. */
  readonly evaluation: number;
  readonly evaluations: Due;
  readonly saves: Due;
}

/** Whether it is done after update `step` of `count`. */
export function isDue({ every, atEnd }: Due, step: number, count: number): boolean {
  return step >= count ? atEnd : step % every === 0;
}

/** How often it is done after the updates from `step` + 1 on. */
function timesAfter({ every, atEnd }: Due, step: number, count: number): number {
  if (step >= count) return 0;
  return Math.floor((count - 1) / every) - Math.floor(step / every) + (atEnd ? 1 : 0);
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
  /** Work of the known updates after each step. */
  readonly #after: Float64Array;
  /** Of an update that is not known. */
  readonly #mean: number;
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
    this.#mean = work.updates.length === 0 ? 0 : (this.#after[0] ?? 0) / work.updates.length;
  }

  #workAfter(step: number): number {
    const { count: all, updates } = this.#work;
    return (this.#after[step] ?? 0) + this.#mean * Math.max(0, all - Math.max(step, updates.length));
  }

  /** What passed since the call before, a pause, belongs to nothing. */
  resumed(): void {
    this.#since = this.#now();
  }

  updated(step: number): void {
    const seconds = this.#lap();
    const { updates, evaluations, saves, count: all } = this.#work;
    if (this.#isWarm) count(this.#updates, seconds, updates[step - 1] ?? this.#mean);
    this.#isWarm = true;
    this.#step = step;
    this.#isToEvaluate = isDue(evaluations, step, all);
    this.#isToSave = isDue(saves, step, all);
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
    const { count: all, evaluations: evaluated, saves: saved } = this.#work;
    const evaluations = (this.#isToEvaluate ? 1 : 0) + timesAfter(evaluated, this.#step, all);
    const saves = (this.#isToSave ? 1 : 0) + timesAfter(saved, this.#step, all);
    return this.#workAfter(this.#step) * rate + evaluations * evaluation + saves * (meanOf(this.#saves) ?? 0);
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
