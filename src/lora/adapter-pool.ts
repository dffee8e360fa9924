import type { LoraAdapter } from '../adapters/adapter.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { adapterBytes, GpuAdapter, type AdapterBuffers } from './gpu-adapter.ts';

/** GPU memory that adapters of one base may stay in unless told otherwise. */
export const ADAPTER_BUDGET_BYTES = 512 * 2 ** 20;

/**
 * The adapters of one base that are on the GPU, each once however many runtimes speak with it. Past the budget the
 * ones not used for longest leave; they come back when they are used again. One adapter always fits.
 */
export class AdapterPool {
  readonly budgetBytes: number;
  readonly #gpu: Gpu;
  /** Least recently used first. */
  readonly #resident = new Map<LoraAdapter, GpuAdapter>();

  constructor(gpu: Gpu, budgetBytes = ADAPTER_BUDGET_BYTES) {
    this.#gpu = gpu;
    this.budgetBytes = budgetBytes;
  }

  /** The adapter's matrices, uploaded unless they are resident. Work submitted with others is not disturbed. */
  ensureResident(adapter: LoraAdapter, buffers: AdapterBuffers): GpuAdapter {
    const known = this.#resident.get(adapter);
    if (known !== undefined) {
      this.#resident.delete(adapter);
      this.#resident.set(adapter, known);
      return known;
    }
    for (const old of [...this.#resident.keys()]) {
      if (this.bytes + adapterBytes(buffers) <= this.budgetBytes) break;
      this.drop(old);
    }
    const made = new GpuAdapter(this.#gpu, adapter, buffers);
    this.#resident.set(adapter, made);
    return made;
  }

  has(adapter: LoraAdapter): boolean {
    return this.#resident.has(adapter);
  }

  /** Bytes of all resident adapters. */
  get bytes(): number {
    let sum = 0;
    for (const { bytes } of this.#resident.values()) sum += bytes;
    return sum;
  }

  drop(adapter: LoraAdapter): void {
    this.#resident.get(adapter)?.destroy();
    this.#resident.delete(adapter);
  }

  destroy(): void {
    for (const adapter of [...this.#resident.keys()]) this.drop(adapter);
  }
}
