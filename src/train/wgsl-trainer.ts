import { packHyper, SCALARS_RESET, SCALARS_WORDS, type Hyper } from '../../kernels/squared_norm/hyper.ts';
import type { GpuBase } from '../../models/base/gpu-base.ts';
import { bucketRows, padMicroBatch, type MicroBatch } from '../data/batch.ts';
import { WebLoraError } from '../errors.ts';
import { WorkErrors, type Gpu } from '../gpu/gpu.ts';
import { phrase, setting } from '../phrase.ts';
import { PassTimer } from '../gpu/pass-timer.ts';
import { workgroupsFor } from '../graph/labelled-rows.ts';
import { InputWords } from '../graph/program.ts';
import { BufferSet, compilePlans, Replay, type KernelTime } from '../graph/replay.ts';
import { stagingBytes, STEPS_IN_FLIGHT, type Program } from './program.ts';
import type { MicroSeed, NamedMatrices, Trainer, TrainerState, UpdateResult } from './trainer.ts';
import { START_BUFFER, type StateBuffer } from './update-plan.ts';

const WAYS_TO_FIT = phrase`close other programs and tabs, lower ${setting('seqLen')}, ${setting('batchSize')} or ${setting('rank')}, or choose a smaller ${setting('base')}`;

type ReplayOptions = NonNullable<Parameters<Replay['run']>[0]>;

/** The WGSL executor of a training run: replays prepared steps over buffers that were all made at the start. */
export class WgslTrainer implements Trainer {
  readonly program: Program;
  readonly #gpu: Gpu;
  readonly #buffers: BufferSet;
  readonly #errors: WorkErrors;
  readonly #base: GpuBase;
  readonly #replays = new Map<number, Replay>();
  /** Absent where only losses are wanted. */
  readonly #update: Replay | undefined;
  /** What is computed once after parameters change. */
  readonly #perUpdate: Replay;
  readonly #inputs: InputWords;
  readonly #rowsMax: number;
  #slot = 0;
  #inFlight = 0;
  #microSteps = 0;
  readonly #labelled: number[] = [];
  #dispatches = 0;

  private constructor(
    base: GpuBase,
    program: Program,
    { buffers, errors }: { readonly buffers: BufferSet; readonly errors: WorkErrors },
    { update, perUpdate }: { readonly update: Replay | undefined; readonly perUpdate: Replay },
  ) {
    this.#gpu = base.gpu;
    this.#base = base;
    this.program = program;
    this.#buffers = buffers;
    this.#errors = errors;
    this.#update = update;
    this.#perUpdate = perUpdate;
    this.#rowsMax = Math.max(...program.plans.keys());
    this.#inputs = new InputWords(program);
  }

  /**
   * Allocates everything the program lists and compiles every pipeline. Parameters start at zero: write them.
   * With `forwardOnly` only what `evaluate` needs is compiled.
   */
  static async make(
    base: GpuBase,
    program: Program,
    options: {
      readonly forwardOnly?: boolean;
      readonly onProgress?: (done: number, total: number) => void;
    } = {},
  ): Promise<WgslTrainer> {
    const { gpu } = base;
    const { forwardOnly = false, onProgress } = options;
    const plans = new Map(
      [...program.plans].map(([rows, plan]) => [
        rows,
        forwardOnly ? { launches: plan.launches.slice(0, plan.forwardEnd) } : plan,
      ]),
    );
    const others = forwardOnly ? [program.perUpdate] : [program.perUpdate, program.update];
    await compilePlans(gpu, [...plans.values(), ...others], onProgress);
    const buffers = await BufferSet.make(gpu, 'a training run', program.buffers, WAYS_TO_FIT);
    const errors = new WorkErrors(gpu, 'training');
    try {
      const uniforms = buffers.require('uniforms');
      const { updateUniformsOffset: updateOffset, perUpdateUniformsOffset: perUpdateOffset } = program;
      errors.within(() => {
        for (const [rows, plan] of program.plans)
          gpu.writeBuffer(uniforms, program.uniformOffsets.get(rows) ?? 0, plan.uniforms);
        gpu.writeBuffer(uniforms, updateOffset, program.update.uniforms);
        gpu.writeBuffer(uniforms, perUpdateOffset, program.perUpdate.uniforms);
        gpu.writeBuffer(buffers.require('scalars'), 0, Uint32Array.from(SCALARS_RESET));
      });
      const source = (name: string): GPUBuffer => buffers.get(name) ?? base.buffers.require(name);
      const update = forwardOnly ? undefined : await Replay.make(gpu, program.update, source, uniforms, updateOffset);
      const perUpdate = await Replay.make(gpu, program.perUpdate, source, uniforms, perUpdateOffset);
      const trainer = new WgslTrainer(base, program, { buffers, errors }, { update, perUpdate });
      for (const [rows, plan] of plans) {
        trainer.#replays.set(
          rows,
          await Replay.make(gpu, plan, source, uniforms, program.uniformOffsets.get(rows) ?? 0),
        );
      }
      await errors.check();
      return trainer;
    } catch (error) {
      buffers.destroy();
      throw error;
    }
  }

  get base(): GpuBase {
    return this.#base;
  }

  /** Of all micro-steps and updates so far. */
  get dispatches(): number {
    return this.#dispatches;
  }

  microStep(batch: MicroBatch, options: Parameters<Trainer['microStep']>[1]): void {
    const { dNll = new Float32Array(batch.lossRows.length).fill(1) } = options;
    this.#admitMicroStep(options.first);
    this.#errors.within(() => {
      const replay = this.#writeInputs(batch, options.seed, dNll);
      this.#encode(replay, { ...this.#clearing(options.first), ...this.#staging(batch) });
    });
  }

  async microStepFromLosses(
    batch: MicroBatch,
    { first, seed, dNllOf }: Parameters<Trainer['microStepFromLosses']>[1],
  ): Promise<void> {
    this.#admitMicroStep(first);
    const labelled = batch.lossRows.length;
    const forwardEnd = this.program.plans.get(bucketRows(batch.rows))?.forwardEnd;
    this.#errors.within(() => {
      const replay = this.#writeInputs(batch, seed, new Float32Array(labelled));
      this.#encode(replay, {
        ...this.#clearing(first),
        labelled,
        ...(forwardEnd !== undefined && { to: forwardEnd }),
      });
    });
    const nll = await this.#gpu.readBuffer(this.#buffers.require('nll'), 0, labelled * 4);
    const dNll = dNllOf(new Float32Array(nll));
    this.#errors.within(() => {
      const replay = this.#writeInputs(batch, seed, dNll);
      this.#encode(replay, { ...this.#staging(batch), from: forwardEnd ?? replay.length });
    });
  }

  #admitMicroStep(first: boolean): void {
    if (first) {
      this.#microSteps = 0;
      this.#labelled.length = 0;
      if (this.#inFlight >= STEPS_IN_FLIGHT)
        throw new WebLoraError('internal', `at most ${STEPS_IN_FLIGHT} optimizer steps may be in flight`);
    }
    const { microSteps } = this.program.settings;
    if (this.#microSteps >= microSteps)
      throw new WebLoraError('internal', `an optimizer step has ${microSteps} micro-steps, got one more`);
  }

  /** The beginning of a micro-step's first command buffer. */
  #clearing(first: boolean): Pick<ReplayOptions, 'begin'> {
    const gradients = this.#buffers.require('gradients');
    return { begin: (encoder) => first && encoder.clearBuffer(gradients) };
  }

  /** The end of a micro-step's last command buffer: its losses go where the host will read them. */
  #staging({ lossRows }: MicroBatch): Pick<ReplayOptions, 'labelled' | 'finish'> {
    const labelled = lossRows.length;
    const staging = this.#buffers.require(`staging/${this.#slot}`);
    const offset = this.#microSteps * this.#rowsMax * 4;
    this.#labelled.push(labelled);
    this.#microSteps += 1;
    return {
      labelled,
      finish: (encoder) => {
        if (labelled > 0) encoder.copyBufferToBuffer(this.#buffers.require('nll'), 0, staging, offset, labelled * 4);
      },
    };
  }

  async update(hyper: Hyper): Promise<UpdateResult> {
    const slot = this.#slot;
    const staging = this.#buffers.require(`staging/${slot}`);
    const scalarsOffset = this.#rowsMax * this.program.settings.microSteps * 4;
    const replay = this.#update;
    if (replay === undefined) throw new WebLoraError('internal', 'update: this trainer was made for losses only');
    this.#errors.within(() => {
      this.#gpu.writeBuffer(this.#buffers.require('hyper'), 0, packHyper(hyper));
      this.#encode(replay, {
        finish: (encoder) => {
          encoder.copyBufferToBuffer(this.#buffers.require('scalars'), 0, staging, scalarsOffset, SCALARS_WORDS * 4);
        },
      });
      this.#derive();
    });
    const labelled = [...this.#labelled];
    this.#slot = (slot + 1) % STEPS_IN_FLIGHT;
    this.#inFlight += 1;
    try {
      return await this.#readResult(staging, labelled, scalarsOffset);
    } finally {
      this.#inFlight -= 1;
    }
  }

  async #readResult(staging: GPUBuffer, labelled: readonly number[], scalarsOffset: number): Promise<UpdateResult> {
    const bytes = stagingBytes(this.#rowsMax, this.program.settings.microSteps);
    const range = await this.#gpu.readStaging(staging, bytes, this.#errors.take());
    const nll = labelled.map((count, micro) => new Float32Array(range, micro * this.#rowsMax * 4, count));
    const gradNorm = new Float32Array(range, scalarsOffset, 1)[0] ?? Number.NaN;
    const finite = new Uint32Array(range, scalarsOffset, SCALARS_WORDS)[2] === 1;
    return { gradNorm, finite, nll };
  }

  async evaluate(batch: MicroBatch): Promise<Float32Array> {
    const plan = this.program.plans.get(bucketRows(batch.rows));
    const labelled = batch.lossRows.length;
    this.#errors.within(() => {
      const replay = this.#writeInputs(batch, { low: 0, high: 0 });
      this.#encode(replay, { labelled, to: plan?.forwardEnd ?? replay.length });
    });
    const nll = new Float32Array(await this.#gpu.readBuffer(this.#buffers.require('nll'), 0, labelled * 4));
    await this.#errors.check();
    return nll;
  }

  /** Floating-point operations of the batch's bucket, without the loss chunks that its labels leave out. */
  workOf(
    { rows, labelled }: { readonly rows: number; readonly labelled: number },
    of: 'training' | 'evaluation',
  ): number {
    const plan = this.program.plans.get(bucketRows(rows));
    const launches = of === 'training' ? plan?.launches : plan?.launches.slice(0, plan.forwardEnd);
    return (launches ?? []).reduce(
      (sum, { launch, rows: of }) => sum + launch.flops * (workgroupsFor(launch, of, labelled)?.share ?? 0),
      0,
    );
  }

  async readGradients(): Promise<NamedMatrices> {
    return this.#readNamed('gradients');
  }

  async readState(): Promise<TrainerState> {
    const moments: Record<string, NamedMatrices> = {};
    for (const buffer of this.program.state) moments[buffer.name] = await this.#readMoments(buffer);
    return { params: await this.#readNamed('params'), moments };
  }

  writeState({
    params,
    moments,
  }: {
    readonly params: NamedMatrices;
    readonly moments?: TrainerState['moments'];
  }): void {
    this.#errors.within(() => {
      this.#writeNamed('params', params);
      this.#derive();
      if (moments === undefined) {
        if (this.program.state.some(({ name }) => name === START_BUFFER)) this.#writeNamed(START_BUFFER, params);
        return;
      }
      for (const buffer of this.program.state) this.#writeMoments(buffer, moments[buffer.name]);
    });
  }

  /**
   * What each kernel takes of an update of one micro-batch, by the GPU's own clock; undefined where it has none. The
   * gradients of `batch` are added to what is there, and the parameters move by them.
   */
  async profile(batch: MicroBatch, hyper: Hyper): Promise<ReadonlyMap<string, KernelTime> | undefined> {
    const timer = await PassTimer.for(this.#gpu);
    if (timer === undefined) return undefined;
    try {
      const times = new Map<string, KernelTime>();
      const dNll = new Float32Array(batch.lossRows.length).fill(1);
      await this.#writeInputs(batch, { low: 0, high: 0 }, dNll).profile(timer, times, batch.lossRows.length);
      this.#gpu.writeBuffer(this.#buffers.require('hyper'), 0, packHyper(hyper));
      await this.#update?.profile(timer, times);
      await this.#perUpdate.profile(timer, times);
      return times;
    } finally {
      timer.destroy();
    }
  }

  /** The flat parameter buffer and its layout, for generation with the adapter in training. */
  get params(): GPUBuffer {
    return this.#buffers.require('params');
  }

  dispose(): void {
    this.#buffers.destroy();
  }

  /** Computes what depends on the parameters alone. */
  #derive(): void {
    if (this.#perUpdate.length > 0) this.#encode(this.#perUpdate, {});
  }

  #encode(replay: Replay, options: ReplayOptions): void {
    this.#dispatches += replay.run(options);
  }

  /** @param dNll absent: nothing is trained, and dropout is off */
  #writeInputs(batch: MicroBatch, seed: MicroSeed, dNll?: Float32Array): Replay {
    const rows = bucketRows(batch.rows);
    const replay = this.#replays.get(rows);
    if (replay === undefined) {
      throw new WebLoraError('internal', `a micro-batch of ${batch.rows} rows exceeds the planned ${this.#rowsMax}`);
    }
    const padded = padMicroBatch(batch, rows);
    const labelled = batch.lossRows.length;
    this.#inputs.of('step').set([seed.low, seed.high, labelled, dNll === undefined ? 1 : 0]);
    this.#inputs.of('tokens').set(padded.tokens);
    this.#inputs.of('positions').set(padded.positions);
    this.#inputs.of('bounds').set(padded.bounds);
    this.#inputs.of('loss_rows').set(padded.lossRows);
    this.#inputs.of('labels').set(padded.lossLabels);
    const weights = this.#inputs.of('loss_weights');
    new Float32Array(weights.buffer, weights.byteOffset, weights.length).set(dNll ?? new Float32Array(labelled));
    this.#gpu.writeBuffer(this.#buffers.require('inputs'), 0, this.#inputs.all);
    return replay;
  }

  /** Codes as numbers from 0 to 255, which any format of floats keeps. */
  async #readMoments({ name, bytes, holds }: StateBuffer): Promise<NamedMatrices> {
    if (holds === 'params') return this.#readNamed(name);
    const content = await this.#gpu.readBuffer(this.#buffers.require(name), 0, bytes);
    return new Map([
      [holds, holds === 'codes' ? Float32Array.from(new Uint8Array(content)) : new Float32Array(content)],
    ]);
  }

  #writeMoments({ name, bytes, holds }: StateBuffer, moments: NamedMatrices | undefined): void {
    if (holds === 'params') {
      this.#writeNamed(name, moments ?? new Map());
      return;
    }
    const values = moments?.get(holds);
    const content = holds === 'codes' ? Uint8Array.from(values ?? []) : Float32Array.from(values ?? []);
    if (content.byteLength !== bytes)
      throw new WebLoraError('bad-checkpoint', `optimizer state '${name}'`, {
        got: `${content.byteLength} bytes`,
        wanted: `${bytes}`,
        fix: 'use a checkpoint of a run with the same targets, rank and optimizer state',
      });
    this.#gpu.writeBuffer(this.#buffers.require(name), 0, content);
  }

  async #readNamed(buffer: string): Promise<NamedMatrices> {
    const { layout } = this.program;
    const flat = new Float32Array(await this.#gpu.readBuffer(this.#buffers.require(buffer), 0, layout.bytes));
    return new Map([...layout.params.keys()].map((name) => [name, layout.read(flat, name)]));
  }

  #writeNamed(buffer: string, matrices: NamedMatrices): void {
    const { layout } = this.program;
    const flat = new Float32Array(layout.count);
    for (const name of layout.params.keys()) {
      const values = matrices.get(name);
      if (values === undefined)
        throw new WebLoraError('bad-checkpoint', `parameter '${name}' is missing`, {
          fix: 'use a checkpoint of a run with the same targets',
        });
      layout.write(flat, name, values);
    }
    this.#gpu.writeBuffer(this.#buffers.require(buffer), 0, flat);
  }
}
