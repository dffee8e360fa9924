import type { GpuBase } from '../../models/base/gpu-base.ts';
import { WgslPrograms, type ChooseTilings } from '../generate/wgsl-programs.ts';
import { AdapterPool } from '../lora/adapter-pool.ts';

/** What of a loaded model is on one device. When the device is lost, another takes its place. */
export class Resident {
  readonly base: GpuBase;
  readonly pool: AdapterPool;
  readonly #choose: ChooseTilings;
  #programs: WgslPrograms | undefined;

  constructor(base: GpuBase, choose: ChooseTilings) {
    this.base = base;
    this.pool = new AdapterPool(base.gpu);
    this.#choose = choose;
  }

  /** The programs that all conversations share, made when first asked for. */
  get programs(): WgslPrograms {
    this.#programs ??= new WgslPrograms(
      this.base,
      { slots: 1, context: this.base.context, choose: this.#choose },
      this.pool,
    );
    return this.#programs;
  }

  /** Gives back what comes back when it is used. @param withPrograms no runtime is over them now */
  release(withPrograms: boolean): void {
    this.pool.destroy();
    if (!withPrograms) return;
    this.#programs?.dispose();
    this.#programs = undefined;
  }

  destroy(): void {
    this.release(true);
    this.base.destroy();
  }
}
