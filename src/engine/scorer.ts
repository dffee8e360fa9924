import type { MicroBatch } from '../data/batch.ts';
import type { NamedMatrices, Trainer } from '../train/trainer.ts';

/** Per-token losses under given parameters, on a trainer that is made again where the device is lost. */
export class Scorer<Device extends object | undefined> {
  readonly #retry: <T>(call: (device: Device) => Promise<T>) => Promise<T>;
  readonly #make: (device: Device) => Promise<Trainer>;
  #params: NamedMatrices;
  #isWritten = false;
  #made: { readonly trainer: Trainer; readonly device: Device } | undefined;

  /** @param make a trainer on a device */
  constructor(
    retry: <T>(call: (device: Device) => Promise<T>) => Promise<T>,
    make: (device: Device) => Promise<Trainer>,
    params: NamedMatrices,
  ) {
    this.#retry = retry;
    this.#make = make;
    this.#params = params;
  }

  /** Later losses are under these parameters. */
  use(params: NamedMatrices): void {
    this.#params = params;
    this.#isWritten = false;
  }

  /** [M], in nats, of the labelled rows. */
  nllOf(batch: MicroBatch): Promise<Float32Array> {
    return this.#retry(async (device) => {
      const trainer = await this.#trainerOn(device);
      if (!this.#isWritten) trainer.writeState({ params: this.#params });
      this.#isWritten = true;
      return trainer.evaluate(batch);
    });
  }

  async #trainerOn(device: Device): Promise<Trainer> {
    if (this.#made?.device !== device) this.dispose();
    this.#made ??= { trainer: await this.#make(device), device };
    return this.#made.trainer;
  }

  dispose(): void {
    this.#made?.trainer.dispose();
    this.#made = undefined;
    this.#isWritten = false;
  }
}
