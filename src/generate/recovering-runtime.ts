import { prefillPieces } from './prefill.ts';
import type { AdapterSelection, Candidates, Runtime, RuntimeRows } from './runtime.ts';

/** Where the runtime at hand comes from. */
export interface RuntimeSource {
  /**
   * Calls with the device of now, again with another where it is lost on the way. What was made on one device cannot be
   * used on the next.
   */
  retry<T>(call: (device: object) => Promise<T>): Promise<T>;
  /** A runtime on the device of now with empty slots. */
  make(selection: AdapterSelection): Promise<Runtime>;
}

/**
 * A runtime that outlives its device: it keeps the tokens that each slot holds, and where the device is lost reads them
 * again on the next one before it goes on. Sums may be taken in another order then, as when a prompt is read at once.
 */
export class RecoveringRuntime implements Runtime {
  readonly #source: RuntimeSource;
  /** Token ids by slot and position. */
  readonly #pasts: number[][];
  #selection: AdapterSelection;
  #runtime: Runtime;
  #device: object;

  private constructor(source: RuntimeSource, selection: AdapterSelection, runtime: Runtime, device: object) {
    this.#source = source;
    this.#selection = selection;
    this.#runtime = runtime;
    this.#device = device;
    this.#pasts = Array.from({ length: runtime.slots }, () => []);
  }

  static make(source: RuntimeSource, selection: AdapterSelection = {}): Promise<RecoveringRuntime> {
    return source.retry(
      async (device) => new RecoveringRuntime(source, selection, await source.make(selection), device),
    );
  }

  get vocabSize(): number {
    return this.#runtime.vocabSize;
  }

  get context(): number {
    return this.#runtime.context;
  }

  get slots(): number {
    return this.#runtime.slots;
  }

  get maxRows(): number {
    return this.#runtime.maxRows;
  }

  async use(selection: AdapterSelection): Promise<void> {
    for (const past of this.#pasts) past.length = 0;
    this.#selection = selection;
    await this.#call((runtime) => runtime.use(selection));
  }

  async topK(rows: RuntimeRows, wanted: readonly number[], k: number): Promise<Candidates[]> {
    const candidates = await this.#call((runtime) => runtime.topK(rows, wanted, k));
    this.#keep(rows);
    return candidates;
  }

  async logits(rows: RuntimeRows, wanted: readonly number[]): Promise<Float32Array[]> {
    const logits = await this.#call((runtime) => runtime.logits(rows, wanted));
    this.#keep(rows);
    return logits;
  }

  dispose(): void {
    this.#runtime.dispose();
  }

  #call<T>(call: (runtime: Runtime) => Promise<T>): Promise<T> {
    return this.#source.retry(async (device) => {
      if (device !== this.#device) await this.#moveTo(device);
      return call(this.#runtime);
    });
  }

  async #moveTo(device: object): Promise<void> {
    const runtime = await this.#source.make(this.#selection);
    try {
      const prompts = this.#pasts.map((ids, slot) => ({ slot, ids }));
      for (const { rows } of prefillPieces(prompts, runtime.maxRows)) await runtime.topK(rows, [], 1);
    } catch (error) {
      runtime.dispose();
      throw error;
    }
    this.#runtime.dispose();
    this.#runtime = runtime;
    this.#device = device;
  }

  #keep({ tokens, slots, positions }: RuntimeRows): void {
    for (const [row, token] of tokens.entries()) {
      const past = this.#pasts[slots[row] ?? 0];
      const position = positions[row] ?? 0;
      if (past === undefined) continue;
      past.length = Math.min(past.length, position);
      past.push(token);
    }
  }
}
