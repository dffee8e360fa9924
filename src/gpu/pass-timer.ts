import { Usage, type Gpu } from './gpu.ts';

/** Passes that fit one query set: WebGPU allows 4096 queries, and a pass takes two. */
export const TIMED_PASSES = 2048;

/**
 * Times compute passes on the GPU's own clock (WebGPU's `timestamp-query`). Browsers, and Dawn unless told otherwise, round
 * the clock to 100 µs: single passes are rough, sums over many are not.
 */
export class PassTimer {
  readonly #gpu: Gpu;
  readonly #queries: GPUQuerySet;
  readonly #resolved: GPUBuffer;

  /** Undefined where the adapter has no clock. */
  static async for(gpu: Gpu): Promise<PassTimer | undefined> {
    if (!gpu.adapter.features.includes('timestamp-query')) return undefined;
    return gpu.allocate('timestamps', () => new PassTimer(gpu));
  }

  private constructor(gpu: Gpu) {
    this.#gpu = gpu;
    this.#queries = gpu.device.createQuerySet({ type: 'timestamp', count: 2 * TIMED_PASSES });
    this.#resolved = gpu.createBuffer('timestamps', 2 * TIMED_PASSES * 8, Usage.queryResolve | Usage.copySrc);
  }

  /** What the `index`-th pass of a recording is begun with. */
  writes(index: number): GPUComputePassTimestampWrites {
    return { querySet: this.#queries, beginningOfPassWriteIndex: 2 * index, endOfPassWriteIndex: 2 * index + 1 };
  }

  /** Ends a recording of `passes` passes; encode it behind them. */
  resolve(encoder: GPUCommandEncoder, passes: number): void {
    encoder.resolveQuerySet(this.#queries, 0, 2 * passes, this.#resolved, 0);
  }

  /** @returns milliseconds of each pass, once the commands were submitted */
  async read(passes: number): Promise<number[]> {
    const times = new BigInt64Array(await this.#gpu.readBuffer(this.#resolved, 0, passes * 16));
    return Array.from({ length: passes }, (_, i) => Number((times[2 * i + 1] ?? 0n) - (times[2 * i] ?? 0n)) / 1e6);
  }

  destroy(): void {
    this.#queries.destroy();
    this.#gpu.destroyBuffer(this.#resolved);
  }
}
