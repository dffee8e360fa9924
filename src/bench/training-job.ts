import type { OpenModel } from '../../models/open-model.ts';
import type { BaseFormat } from '../formats/quantize.ts';
import { makeMicroBatch, type MicroBatch } from '../data/batch.ts';
import { initialParams } from '../train/run.ts';
import type { LoraSettings } from '../lora/lora.ts';
import type { Trainer, UpdateResult } from '../train/trainer.ts';

/** The update that every implementation is timed on: AdamW, rank 16, all-linear, one micro-batch with every token scored. */
export class TrainingJob {
  readonly row: { readonly suite: 'train'; readonly case: string };
  readonly lora: LoraSettings;
  readonly optimizer = 'adamw';
  readonly weightDecay = 0;
  readonly tokens: number;
  readonly #opened: OpenModel;
  readonly #batch: MicroBatch;

  constructor(opened: OpenModel, format: BaseFormat, tokens: number) {
    this.row = { suite: 'train', case: `${opened.name} ${format}, rank 16, ${tokens} tokens` };
    this.lora = { rank: 16, scale: 2, dropout: 0, paths: opened.model.linearPaths };
    this.tokens = tokens;
    this.#opened = opened;
    const ids = Uint32Array.from({ length: tokens }, (_, i) => (i * 7919) % opened.model.shape.vocabSize);
    this.#batch = makeMicroBatch([{ ids, labels: Int32Array.from(ids) }]);
  }

  begin(trainer: Trainer): void {
    trainer.writeState({ params: initialParams(this.#opened, { lora: this.lora }, 0, undefined) });
  }

  /** The `update`-th update, counted from 1; resolves when the device is done with it. */
  update(trainer: Trainer, update: number): Promise<UpdateResult> {
    trainer.microStep(this.#batch, { first: true, seed: { low: 0, high: update } });
    const invTokens = 1 / this.#batch.lossRows.length;
    return trainer.update({ invTokens, maxNorm: 1, lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, update });
  }
}
