/** Pause, resume and stop, taking effect between updates. */
export class RunControl {
  #stopping = false;
  #paused = false;
  #wake: (() => void) | undefined;

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#wake?.();
  }

  stop(): void {
    this.#stopping = true;
    this.#wake?.();
  }

  get isStopping(): boolean {
    return this.#stopping;
  }

  get isPaused(): boolean {
    return this.#paused && !this.#stopping;
  }

  /** Resolves when the run may go on. */
  async whilePaused(): Promise<void> {
    while (this.isPaused) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
