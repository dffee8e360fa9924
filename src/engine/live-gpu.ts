import { toFailure, WebLoraError } from '../errors.ts';
import { lostTooOften, MOST_LOSSES, type Gpu } from '../gpu/gpu.ts';
import { checkKnownAnswer } from '../gpu/known-answer.ts';

/** Waits between tries to open a device after a loss, in milliseconds: a browser's GPU process takes a while to start again. */
const REOPEN_WAITS_MS = [0, 500, 2000];

/** How much shorter submissions become after a loss at work, and how short at most: a watchdog ends those of about two seconds. */
const SHORTER = 1 / 4;
const SHORTEST = 1 / 16;

/** What a failure of work on a lost device may look like. */
const MAY_BE_LOSS: ReadonlySet<string> = new Set(['device-lost', 'out-of-memory', 'internal', 'aborted']);

/** The GPU of the engine, opened again after it was lost. Each device is a `Gpu` of its own: what was made on one belongs to it. */
export class LiveGpu {
  readonly #open: () => Promise<Gpu>;
  #gpu: Gpu;
  #opening: Promise<Gpu> | undefined;

  private constructor(open: () => Promise<Gpu>, gpu: Gpu) {
    this.#open = open;
    this.#gpu = gpu;
  }

  /** @throws `no-webgpu` where there is none, or one that computes wrongly */
  static async open(open: () => Promise<Gpu>): Promise<LiveGpu> {
    const checked = async (): Promise<Gpu> => {
      const gpu = await open();
      try {
        await checkKnownAnswer(gpu);
        return gpu;
      } catch (error) {
        gpu.destroy();
        throw error;
      }
    };
    return new LiveGpu(checked, await checked());
  }

  /** The device opened last; it may be lost. */
  get last(): Gpu {
    return this.#gpu;
  }

  /**
   * Calls with a device that works, again with a new one where it was lost on the way.
   * @throws `device-lost` when it was lost for the third time, or cannot be opened again
   */
  async retry<T>(call: (gpu: Gpu) => Promise<T>): Promise<T> {
    for (let losses = 1; ; losses += 1) {
      const gpu = await this.#live();
      try {
        return await call(gpu);
      } catch (error) {
        if (!gpu.isLost || !MAY_BE_LOSS.has(toFailure(error).code)) throw error;
        if (losses >= MOST_LOSSES) throw lostTooOften(await gpu.lost);
      }
    }
  }

  async #live(): Promise<Gpu> {
    if (!this.#gpu.isLost) return this.#gpu;
    this.#opening ??= this.#reopen().finally(() => (this.#opening = undefined));
    return this.#opening;
  }

  async #reopen(): Promise<Gpu> {
    const reason = await this.#gpu.lost;
    const { wasAtWork, sliceShare: before } = this.#gpu;
    // WebGPU does not tell a watchdog from other causes, and shorter submissions cost little.
    const sliceShare = wasAtWork ? Math.max(SHORTEST, before * SHORTER) : before;
    this.#gpu.destroy();
    let cause: unknown;
    for (const wait of REOPEN_WAITS_MS) {
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      try {
        const gpu = await this.#open();
        gpu.sliceShare = sliceShare;
        this.#gpu = gpu;
        return gpu;
      } catch (error) {
        cause = error;
      }
    }
    throw new WebLoraError('device-lost', `the GPU device was lost: ${reason}`, {
      got: `no other when it was to be opened again (${toFailure(cause).message})`,
      wanted: 'a GPU',
      fix: 'try again in a minute; if that does not help, start the browser or the system anew',
      cause,
    });
  }

  destroy(): void {
    this.#gpu.destroy();
  }
}
