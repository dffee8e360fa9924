import type { KernelShare } from './row.ts';
import type { RooflinePeaks } from './roofline.ts';
import { readMatrix } from '../../models/base/base-format.ts';
import { ropeBufferName, type GpuBase } from '../../models/base/gpu-base.ts';
import type { OpenModel } from '../../models/checkpoint/open-model.ts';
import { rotaryTables } from '../../models/families/rope.ts';
import { makeMicroBatch, type MicroBatch } from '../data/batch.ts';
import { unpackWeight, type BaseFormat } from '../formats/quantize.ts';
import type { Gpu } from '../gpu/gpu.ts';
import type { Checkpointing } from '../graph/differentiate.ts';
import type { ForwardNode } from '../graph/op.ts';
import { adapterKind, partName } from '../lora/kinds/index.ts';
import type { LoraSettings } from '../lora/lora.ts';
import { tuneTilings } from '../graph/tune.ts';
import { resolveTrainConfig } from '../train/config.ts';
import { initialParams } from '../train/initial-params.ts';
import { programSettings } from '../train/program-settings.ts';
import { planTraining, trainingGraph, withTilings, type Program } from '../train/program.ts';
import type { Trainer, UpdateResult } from '../train/trainer.ts';
import type { WgslTrainer } from '../train/wgsl-trainer.ts';

/** Of a step, 0 to 1: the kernels whose names begin so. */
export function shareOf(kernels: readonly KernelShare[], name: string): number {
  return kernels.reduce((sum, { kernel, share }) => sum + (kernel.startsWith(name) ? share : 0), 0);
}

/** Values for a library that is not ours. */
export interface Dense {
  readonly shape: readonly number[];
  readonly values: Float32Array<ArrayBuffer>;
}

/** The update that every implementation is timed on: AdamW, rank 16, all-linear, one micro-batch with every token scored. */
export class TrainingJob {
  readonly row: { readonly suite: 'train'; readonly case: string };
  readonly lora: LoraSettings;
  readonly optimizer = 'adamw';
  readonly weightDecay = 0;
  readonly tokens: number;
  readonly #opened: OpenModel;
  readonly #format: BaseFormat;
  readonly batch: MicroBatch;

  constructor(opened: OpenModel, format: BaseFormat, tokens: number) {
    this.row = { suite: 'train', case: `${opened.name} ${format}, rank 16, ${tokens} tokens` };
    this.lora = { kind: 'lora', rank: 16, scale: 2, dropout: 0, paths: opened.model.linearPaths };
    this.tokens = tokens;
    this.#opened = opened;
    this.#format = format;
    const ids = Uint32Array.from({ length: tokens }, (_, i) => (i * 7919) % opened.model.shape.vocabSize);
    this.batch = makeMicroBatch([{ ids, labels: Int32Array.from(ids) }]);
  }

  async begin(trainer: Trainer): Promise<void> {
    trainer.writeState({ params: await this.#start() });
  }

  #start(): ReturnType<typeof initialParams> {
    return initialParams(this.#opened, this.#format, this.lora, 0);
  }

  /** The update's program on a device: one micro-step. */
  plan({ gpu, context }: Pick<GpuBase, 'gpu' | 'context'>, checkpoint?: Checkpointing): Program {
    const { model } = this.#opened;
    const { lora, optimizer, weightDecay, tokens: seqLen } = this;
    const config = resolveTrainConfig({ optimizer, weightDecay, seqLen, accumulate: 1 });
    const settings = programSettings(model, { format: this.#format, context }, config, lora);
    return planTraining(model, { ...settings, ...(checkpoint && { checkpoint }) }, gpu.profile);
  }

  /** The same with the device's fastest tilings, as a run has them. */
  tuned(gpu: Gpu, program: Program): Promise<Program> {
    return withTilings(program, (plans) => tuneTilings(gpu, plans));
  }

  /** The forward pass for libraries that differentiate it themselves: nodes up to the loss, over `frozen` and `params`. */
  forward({ profile }: Gpu): readonly ForwardNode[] {
    const { lora, tokens, batch } = this;
    const { model } = this.#opened;
    const { graph } = trainingGraph(
      model,
      { format: this.#format, context: tokens, lora },
      profile,
      batch.rows,
      'none',
    );
    const head = graph.nodes.findIndex(({ op }) => op === 'linear_cross_entropy');
    return graph.nodes.slice(0, head + 1) as ForwardNode[];
  }

  /** The format's values of the base's weights in f32, and the rotary tables, by the names of the graph's tensors. */
  async *frozen(): AsyncGenerator<readonly [name: string, Dense]> {
    for (const spec of this.#opened.model.weights) {
      const { name, shape, kind } = spec;
      const values =
        kind === 'vector'
          ? await this.#opened.read(name)
          : unpackWeight(await readMatrix(this.#opened, spec, this.#format));
      yield [name, { shape, values: Float32Array.from(values) }];
    }
    for (const [table, rope] of Object.entries(this.#opened.model.rope)) {
      const tables = rotaryTables(rope, this.tokens);
      const shape = [this.tokens, rope.inverseFrequencies.length];
      for (const of of ['cos', 'sin'] as const)
        yield [ropeBufferName(table, of), { shape, values: Float32Array.from(tables[of]) }];
    }
  }

  /** The adapter's matrices before the first update. */
  async params(): Promise<ReadonlyMap<string, Dense>> {
    const shapes = new Map(this.#opened.model.weights.map(({ name, shape }) => [name, shape]));
    const params = new Map<string, Dense>();
    const start = await this.#start();
    for (const path of this.lora.paths) {
      const [outFeatures = 0, inFeatures = 0] = shapes.get(`${path}.weight`) ?? [];
      for (const part of adapterKind(this.lora.kind).parts) {
        const shape = part.shape({ rank: this.lora.rank, inFeatures, outFeatures });
        const name = partName(path, part);
        params.set(name, { shape, values: Float32Array.from(start.get(name) ?? []) });
      }
    }
    return params;
  }

  /** What the forward pass reads of the batch. */
  get inputs(): Readonly<Record<'tokens' | 'positions' | 'lossRows' | 'labels', Uint32Array>> {
    const { tokens, positions, lossRows, lossLabels: labels } = this.batch;
    return { tokens, positions, lossRows, labels };
  }

  /** Of an update: what shows that everyone computes the same. */
  meanLoss({ nll }: UpdateResult): number {
    const sum = nll.reduce((total, losses) => losses.reduce((part, loss) => part + loss, total), 0);
    return sum / this.batch.lossRows.length;
  }

  /** What each kernel takes of an update, most first; undefined where the adapter has no clock. */
  async profile(trainer: WgslTrainer, peaks: RooflinePeaks): Promise<readonly KernelShare[] | undefined> {
    const times = await trainer.profile(this.batch, this.hyper(1));
    if (times === undefined) return undefined;
    const total = [...times.values()].reduce((sum, { milliseconds }) => sum + milliseconds, 0);
    return [...times]
      .map(([kernel, { dispatches, milliseconds, flops, bytes }]) => {
        const floorMs = Math.max(flops / peaks.gflops, bytes / peaks.gbPerSec) / 1e6;
        return { kernel, dispatches, share: milliseconds / total, milliseconds, flops, bytes, floorMs };
      })
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
