import type { OpenModel } from '../../models/open-model.ts';
import type { BaseFormat } from '../formats/quantize.ts';
import { makeMicroBatch, type MicroBatch } from '../data/batch.ts';
import { initialParams } from '../train/run.ts';
import type { LoraSettings } from '../lora/lora.ts';
import type { Trainer, UpdateResult } from '../train/trainer.ts';
import type { WgslTrainer } from '../train/wgsl-trainer.ts';

/** A kernel's part of the time of a step. */
export interface KernelShare {
  readonly kernel: string;
  readonly dispatches: number;
  /** 0 to 1. */
  readonly share: number;
}

/** The update that every implementation is timed on: AdamW, rank 16, all-linear, one micro-batch with every token scored. */
export class TrainingJob {
  readonly row: { readonly suite: 'train'; readonly case: string };
  readonly lora: LoraSettings;
  readonly optimizer = 'adamw';
  readonly weightDecay = 0;
  readonly tokens: number;
  readonly #opened: OpenModel;
  readonly batch: MicroBatch;

  constructor(opened: OpenModel, format: BaseFormat, tokens: number) {
    this.row = { suite: 'train', case: `${opened.name} ${format}, rank 16, ${tokens} tokens` };
    this.lora = { rank: 16, scale: 2, dropout: 0, paths: opened.model.linearPaths };
    this.tokens = tokens;
    this.#opened = opened;
    const ids = Uint32Array.from({ length: tokens }, (_, i) => (i * 7919) % opened.model.shape.vocabSize);
    this.batch = makeMicroBatch([{ ids, labels: Int32Array.from(ids) }]);
  }

  begin(trainer: Trainer): void {
    trainer.writeState({ params: initialParams(this.#opened, { lora: this.lora }, 0, undefined) });
  }

  /** Of an update: what shows that everyone computes the same. */
  meanLoss({ lossSum }: UpdateResult): number {
    return lossSum / this.batch.lossRows.length;
  }

  /** What each kernel takes of an update, most first; undefined where the adapter has no clock. */
  async profile(trainer: WgslTrainer): Promise<readonly KernelShare[] | undefined> {
    const times = await trainer.profile(this.batch, this.hyper(1));
    if (times === undefined) return undefined;
    const total = [...times.values()].reduce((sum, { milliseconds }) => sum + milliseconds, 0);
    return [...times]
      .map(([kernel, { dispatches, milliseconds }]) => ({ kernel, dispatches, share: milliseconds / total }))
      .sort((a, b) => b.share - a.share);
  }

  hyper(update: number): Parameters<Trainer['update']>[0] {
    const invTokens = 1 / this.batch.lossRows.length;
    return { invTokens, maxNorm: 1, lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, update };
  }

  /** The `update`-th update, counted from 1; resolves when the device is done with it. */
  update(trainer: Trainer, update: number): Promise<UpdateResult> {
    this.gradients(trainer, update);
    return this.step(trainer, update);
  }

  /** The first half of an update: its gradients. */
  gradients(trainer: Trainer, update: number): void {
    trainer.microStep(this.batch, { first: true, seed: { low: 0, high: update } });
  }

  /** The other half: the parameters move. */
  step(trainer: Trainer, update: number): Promise<UpdateResult> {
    return trainer.update(this.hyper(update));
  }
}
