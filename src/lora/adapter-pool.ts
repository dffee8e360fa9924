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
  readonly #uploading = new Map<LoraAdapter, Promise<GpuAdapter>>();

  constructor(gpu: Gpu, budgetBytes = ADAPTER_BUDGET_BYTES) {
    this.#gpu = gpu;
    this.budgetBytes = budgetBytes;
  }

  /** The adapter's matrices, uploaded unless they are resident. Work submitted with others is not disturbed. */
  async ensureResident(adapter: LoraAdapter, buffers: AdapterBuffers): Promise<GpuAdapter> {
    const known = this.use(adapter);
    if (known !== undefined) return known;
    const uploading = this.#uploading.get(adapter);
    if (uploading !== undefined) return uploading;
    for (const old of [...this.#resident.keys()]) {
      if (this.bytes + adapterBytes(buffers) <= this.budgetBytes) break;
      this.drop(old);
    }
    const made = GpuAdapter.upload(this.#gpu, adapter, buffers);
    this.#uploading.set(adapter, made);
    try {
      this.#resident.set(adapter, await made);
      return await made;
    } finally {
      this.#uploading.delete(adapter);
    }
  }

  /** The adapter's matrices where they are resident, as those used last. */
  use(adapter: LoraAdapter): GpuAdapter | undefined {
    const known = this.#resident.get(adapter);
    if (known !== undefined) {
      this.#resident.delete(adapter);
      this.#resident.set(adapter, known);
    }
    return known;
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
