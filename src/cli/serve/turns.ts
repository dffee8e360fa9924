import { ApiError } from './api-error.ts';

/** Lets one request at a time to the model, in the order in which they came. */
export class Turns {
  readonly #mostWaiting: number;
  #waiting = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(mostWaiting: number) {
    this.#mostWaiting = mostWaiting;
  }

  /** Requests that wait now. */
  get waiting(): number {
    return this.#waiting;
  }

  /**
   * Waits for the turn, then does the work; work whose client has gone meanwhile is left out.
   * @throws ApiError 429 when too many wait already
   */
  async run(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
    if (this.#waiting >= this.#mostWaiting)
      throw new ApiError(429, `${this.#waiting} requests wait already; try again later`, {
        code: 'rate_limit_exceeded',
      });
    const before = this.#last;
    let leave = (): void => undefined;
    this.#last = new Promise((resolve) => (leave = resolve));
    this.#waiting += 1;
    await before;
    this.#waiting -= 1;
    try {
      if (!signal.aborted) await work();
    } finally {
      leave();
    }
  }
}
