import type { Hyper } from '../../kernels/squared_norm/hyper.ts';
import { bindWeights, ropeTensors } from '../../models/base/gpu-base.ts';
import type { OpenModel } from '../../models/checkpoint/open-model.ts';
import { TfjsBase } from '../../models/base/tfjs-base.ts';
import type { MicroBatch } from '../data/batch.ts';
import { WebLoraError } from '../errors.ts';
import type { BaseFormat } from '../formats/quantize.ts';
import { DEFAULT_LIMITS } from '../gpu/device-profile.ts';
import { Graph, STEP_WORDS } from '../graph/graph.ts';
import type { ForwardNode } from '../graph/op.ts';
import type { Tensor } from '../graph/tensor.ts';
import { runForward } from '../graph/tfjs/execute.ts';
import { readValues, type Tf, type TfTensor } from '../graph/tfjs/library.ts';
import { rowLosses, gatherRuns } from '../graph/tfjs/loss-head.ts';
import type { PassInputs } from '../graph/tfjs/pass.ts';
import { loraGroups, type LoraSettings } from '../lora/lora.ts';
import { lossChunkRows } from './program.ts';
import { adamwStep, gate, pullToStart, sgdStep, type Gate } from './tfjs-optimizer.ts';
import type { MicroSeed, NamedMatrices, Trainer, TrainerState, UpdateResult } from './trainer.ts';
import type { Optimizer } from './optimizers.ts';

export interface TfjsTrainerOptions {
  readonly format: BaseFormat;
  /** Positions a row may have. */
  readonly context: number;
  readonly lora: LoraSettings;
  readonly optimizer: Optimizer;
  readonly weightDecay: number;
  /** As those of `ProgramSettings`. */
  readonly neftune?: number;
  readonly labelSmoothing?: number;
  readonly initDecay?: number;
  /** Logits that one tape may keep, rows times vocabulary; beyond, the head runs chunk by chunk on tapes of its own. */
  readonly tapeLogits?: number;
}

/** 64 MiB a copy; the tape keeps a handful. */
const TAPE_LOGITS = 2 ** 24;

type Regularisers = Readonly<Required<Pick<TfjsTrainerOptions, 'neftune' | 'labelSmoothing'>>>;

/** One trainable matrix with everything that belongs to it. */
interface Param {
  readonly name: string;
  readonly shape: readonly [number, number];
  readonly lrScale: number;
  readonly weightDecay: number;
  value: TfTensor;
  /** Sum over the micro-steps since the update before. */
  gradient: TfTensor;
  /** `m` and `v` of AdamW. */
  moments: readonly TfTensor[];
  /** The value before the first update, where a run decays towards it. */
  start: TfTensor | undefined;
}

/** The forward pass of one micro-batch as data: hidden states, then the losses of its labelled rows. */
interface Pass {
  readonly graph: Graph;
  readonly head: Extract<ForwardNode, { op: 'linear_cross_entropy' }>;
  readonly inputs: PassInputs;
}

type InputWords = Omit<MicroBatch, 'rows'> & { readonly step: Uint32Array };

const MOMENT_NAMES: Readonly<Record<Optimizer, readonly string[]>> = { adamw: ['m', 'v'], sgd: [] };

/** The tfjs executor of a training run: the same graph op by op, differentiated by tfjs's own tape. */
export class TfjsTrainer implements Trainer {
  readonly #tf: Tf;
  readonly #base: TfjsBase;
  readonly #lora: LoraSettings;
  readonly #regularisers: Regularisers;
  readonly #initDecay: number;
  readonly #optimizer: Optimizer;
  readonly #tapeLogits: number;
  readonly #params: readonly Param[];
  /** Sticky: once an update was not finite, none is applied. */
  #ok: TfTensor;
  /** Losses of each micro-step since the update before; undefined where nothing is scored. */
  #losses: (TfTensor | undefined)[] = [];

  private constructor(base: TfjsBase, options: TfjsTrainerOptions) {
    const { lora, optimizer, weightDecay, tapeLogits = TAPE_LOGITS, neftune = 0, labelSmoothing = 0 } = options;
    const { initDecay = 0 } = options;
    const { tf } = base;
    this.#base = base;
    this.#tf = tf;
    this.#lora = lora;
    this.#regularisers = { neftune, labelSmoothing };
    this.#initDecay = initDecay;
    this.#optimizer = optimizer;
    this.#tapeLogits = tapeLogits;
    this.#ok = tf.scalar(true, 'bool');
    const params: Param[] = [];
    for (const { lrScale, weightDecay: decay, tensors } of loraGroups(
      forwardGraph(base, lora, this.#regularisers, 1).graph,
      lora,
      weightDecay,
    )) {
      for (const { name, rows, cols } of tensors) {
        const zeros = (): TfTensor => tf.zeros([rows, cols]);
        params.push({
          name,
          shape: [rows, cols],
          lrScale,
          weightDecay: decay,
          value: zeros(),
          gradient: zeros(),
          moments: MOMENT_NAMES[optimizer].map(zeros),
          start: initDecay > 0 ? zeros() : undefined,
        });
      }
    }
    this.#params = params;
  }

  /** Parameters start at zero: write them. */
  static async make(tf: Tf, opened: OpenModel, options: TfjsTrainerOptions): Promise<TfjsTrainer> {
    return new TfjsTrainer(await TfjsBase.load(tf, opened, options), options);
  }

  microStep(batch: MicroBatch, options: Parameters<Trainer['microStep']>[1]): void {
    const { first, seed, dNll = new Float32Array(batch.lossRows.length).fill(1) } = options;
    this.#begin(first);
    if (batch.lossRows.length === 0) this.#losses.push(undefined);
    else this.#addGradients(this.#pass(batch, this.#lora, seed), dNll);
  }

  async microStepFromLosses(
    batch: MicroBatch,
    { first, seed, dNllOf }: Parameters<Trainer['microStepFromLosses']>[1],
  ): Promise<void> {
    this.#begin(first);
    if (batch.lossRows.length === 0) {
      this.#losses.push(undefined);
      return;
    }
    // The tape wants its gradient before it runs: the losses come from a pass of their own, with the same dropout.
    const pass = this.#pass(batch, this.#lora, seed);
    this.#addGradients(pass, dNllOf(await this.#readLosses(pass)));
  }

  #begin(first: boolean): void {
    if (!first) return;
    this.#forgetLosses();
    for (const param of this.#params) replace(param, 'gradient', this.#tf.zeros([...param.shape]));
  }

  #addGradients(pass: Pass, dNll: Float32Array): void {
    const tf = this.#tf;
    const { losses, gradients } = tf.tidy(() =>
      dNll.length * pass.head.weight.rows <= this.#tapeLogits
        ? this.#oneTape(pass, dNll)
        : this.#chunkTapes(pass, dNll),
    );
    this.#losses.push(losses);
    this.#params.forEach((param, i) => {
      const gradient = gradients[i];
      if (gradient === undefined) throw new WebLoraError('internal', `no gradient for ${param.name}`);
      replace(param, 'gradient', tf.add(param.gradient, gradient));
      gradient.dispose();
    });
  }

  async update(hyper: Hyper): Promise<UpdateResult> {
    const tf = this.#tf;
    const { norm, ok } = tf.tidy(() => {
      const gated = gate(
        tf,
        this.#params.map(({ gradient }) => gradient),
        this.#ok,
        hyper,
      );
      for (const param of this.#params) this.#step(param, gated, hyper);
      return { norm: gated.norm, ok: gated.ok };
    });
    this.#ok.dispose();
    this.#ok = ok;
    const losses = this.#losses;
    this.#losses = [];
    // Every read is asked for before the first is awaited: the next step may replace the tensors meanwhile.
    const reads = [norm.data(), ok.data()] as const;
    const nll = await Promise.all(losses.map(async (loss) => (loss ? readValues(loss) : new Float32Array())));
    const [normValue, okValue] = await Promise.all(reads);
    for (const tensor of [norm, ...losses]) tensor?.dispose();
    return { gradNorm: normValue[0] ?? Number.NaN, finite: okValue[0] === 1, nll };
  }

  /** Rows, a gradient's counted as two more. */
  workOf({ rows }: { readonly rows: number }, of: 'training' | 'evaluation'): number {
    return of === 'training' ? 3 * rows : rows;
  }

  evaluate(batch: MicroBatch): Promise<Float32Array> {
    return this.#readLosses(this.#pass(batch, { ...this.#lora, dropout: 0 }, 'evaluation'));
  }

  async #readLosses(pass: Pass): Promise<Float32Array> {
    const losses = this.#tf.tidy(() =>
      this.#run(
        pass,
        forwardNodes(pass.graph),
        this.#params.map(({ value }) => value),
        pass.head.nll,
      ),
    );
    const values = await readValues(losses);
    losses.dispose();
    return values;
  }

  async readGradients(): Promise<NamedMatrices> {
    return this.#readNamed(({ gradient }) => gradient);
  }

  async readState(): Promise<TrainerState> {
    const names = MOMENT_NAMES[this.#optimizer];
    const start = this.#initDecay > 0 ? { start: await this.#readNamed((param) => param.start) } : {};
    const [params, ...moments] = await Promise.all([
      this.#readNamed(({ value }) => value),
      ...names.map((_, i) => this.#readNamed((param) => param.moments[i])),
    ]);
    return {
      params,
      moments: {
        ...Object.fromEntries(names.map((name, i) => [name, moments[i] ?? new Map<string, Float32Array>()])),
        ...start,
      },
    };
  }

  writeState({
    params,
    moments,
  }: {
    readonly params: NamedMatrices;
    readonly moments?: TrainerState['moments'];
  }): void {
    const tf = this.#tf;
    for (const param of this.#params) {
      const tensorOf = (matrices: NamedMatrices | undefined): TfTensor => {
        const values = matrices?.get(param.name);
        if (values === undefined)
          throw new WebLoraError('bad-checkpoint', `parameter '${param.name}' is missing`, {
            fix: 'use a checkpoint of a run with the same targets',
          });
        return tf.tensor2d(values.slice(), [...param.shape]);
      };
      replace(param, 'value', tensorOf(params));
      if (param.start !== undefined) {
        param.start.dispose();
        param.start = tensorOf(moments === undefined ? params : moments['start']);
      }
      if (moments === undefined) continue;
      const old = param.moments;
      param.moments = MOMENT_NAMES[this.#optimizer].map((name) => tensorOf(moments[name]));
      for (const moment of old) moment.dispose();
    }
  }

  dispose(): void {
    this.#base.dispose();
    this.#forgetLosses();
    this.#ok.dispose();
    for (const { value, gradient, moments, start } of this.#params)
      for (const tensor of [value, gradient, ...moments, start]) tensor?.dispose();
  }

  #forgetLosses(): void {
    for (const losses of this.#losses) losses?.dispose();
    this.#losses = [];
  }

  /** @param seed `evaluation`: nothing random, and no smoothing */
  #pass(batch: MicroBatch, lora: LoraSettings, seed: MicroSeed | 'evaluation'): Pass {
    const { graph, head, host } = forwardGraph(this.#base, lora, this.#regularisers, batch.rows);
    const step = new Uint32Array(STEP_WORDS);
    const labelled = batch.lossRows.length;
    step.set(seed === 'evaluation' ? [0, 0, labelled, 1] : [seed.low, seed.high, labelled]);
    return { graph, head, inputs: { host: host({ ...batch, step }) } };
  }

  /** A value of the pass for given parameters, in the order of #params. */
  #run({ graph, inputs }: Pass, nodes: readonly ForwardNode[], params: readonly TfTensor[], wanted: Tensor): TfTensor {
    const values = this.#base.valuesOf(graph);
    const byName = new Map(this.#params.map(({ name }, i) => [name, params[i]]));
    for (const tensor of graph.tensors) {
      const value = tensor.role === 'param' ? byName.get(tensor.name) : undefined;
      if (value !== undefined) values.set(tensor, value);
    }
    runForward(this.#tf, nodes, values, inputs);
    const result = values.get(wanted);
    if (result === undefined) throw new WebLoraError('internal', `the pass did not compute ${String(wanted)}`);
    return result;
  }

  #oneTape(pass: Pass, dNll: Float32Array): { losses: TfTensor; gradients: TfTensor[] } {
    const tf = this.#tf;
    const run = tf.valueAndGrads((...params) => this.#run(pass, forwardNodes(pass.graph), params, pass.head.nll));
    const { value, grads } = run(
      this.#params.map((param) => param.value),
      tf.tensor1d(dNll),
    );
    return { losses: value, gradients: grads };
  }

  /** Each chunk's logits on a tape of its own, for d loss / d hidden; then the model below the head under that gradient. */
  #chunkTapes(pass: Pass, dNll: Float32Array): { losses: TfTensor; gradients: TfTensor[] } {
    const tf = this.#tf;
    const { head, inputs } = pass;
    const params = this.#params.map((param) => param.value);
    const count = inputs.host.get(head.step)?.[2] ?? 0;
    const rows = inputs.host.get(head.lossRows)?.subarray(0, count) ?? new Uint32Array();
    const labels = inputs.host.get(head.labels)?.subarray(0, count) ?? new Uint32Array();
    const below = forwardNodes(pass.graph).filter((node) => node !== head);
    const scored = (values: readonly TfTensor[]): TfTensor =>
      gatherRuns(tf, this.#run(pass, below, values, head.x), rows);
    const hidden = tf.tidy(() => scored(params));
    const weight = this.#base.valuesOf(pass.graph).get(head.weight);
    if (weight === undefined) throw new WebLoraError('internal', `no weight ${String(head.weight)}`);
    const losses: TfTensor[] = [];
    const slopes: TfTensor[] = [];
    for (let first = 0; first < count; first += head.chunkRows) {
      const part = labels.subarray(first, first + head.chunkRows);
      const { value, grad } = tf.valueAndGrad((x: TfTensor) => rowLosses(tf, x, weight, part, head))(
        tf.slice(hidden, [first, 0], [part.length, -1]),
        tf.tensor1d(dNll.subarray(first, first + part.length)),
      );
      losses.push(value);
      slopes.push(grad);
    }
    return {
      losses: tf.concat(losses, 0),
      gradients: tf.grads((...values) => scored(values))(params, tf.concat(slopes, 0)),
    };
  }

  #step(param: Param, gated: Gate, hyper: Hyper): void {
    const tf = this.#tf;
    const { start } = param;
    const pulled =
      start === undefined ? param.value : pullToStart(tf, { ...param, start }, gated, hyper, this.#initDecay);
    const state = { ...param, value: pulled };
    const now = this.#optimizer === 'adamw' ? adamwStep(tf, state, gated, hyper) : sgdStep(tf, state, gated, hyper);
    replace(param, 'value', tf.keep(now.value));
    const old = param.moments;
    param.moments = now.moments.map((moment) => tf.keep(moment));
    for (const moment of old) moment.dispose();
  }

  async #readNamed(pick: (param: Param) => TfTensor | undefined): Promise<NamedMatrices> {
    const named = this.#params.map(async (param) => {
      const tensor = pick(param);
      if (tensor === undefined) throw new WebLoraError('internal', `parameter '${param.name}' has no such state`);
      return [param.name, await readValues(tensor)] as const;
    });
    return new Map(await Promise.all(named));
  }
}

function replace(param: Param, field: 'value' | 'gradient', now: TfTensor): void {
  param[field].dispose();
  param[field] = now;
}

/** No backward node is ever added to these graphs: tfjs's tape differentiates. */
function forwardNodes(graph: Graph): ForwardNode[] {
  return graph.forward;
}

/** The forward pass of a micro-batch of exactly `rows` rows: nodes and their ids as in the WGSL executor's program. */
function forwardGraph(
  base: TfjsBase,
  lora: LoraSettings,
  { neftune, labelSmoothing: smoothing }: Regularisers,
  rows: number,
): { graph: Graph; head: Pass['head']; host: (words: InputWords) => Map<Tensor, Uint32Array> } {
  const { model, format, context } = base;
  const graph = new Graph();
  const inputs = graph.stepInputs(rows);
  const bind = bindWeights(graph, model, format, lora);
  const noise = neftune > 0 ? { noise: { amount: neftune, bounds: inputs.bounds } } : {};
  const hidden = model.hidden(
    graph,
    bind,
    { ...inputs, rope: ropeTensors(graph, model, context), ...noise },
    { kind: 'segments', bounds: inputs.bounds },
  );
  graph.linearCrossEntropy(hidden, bind.matrix(model.headName), inputs, {
    chunkRows: lossChunkRows(model.shape.vocabSize, Math.min(64, Math.ceil(rows / 2)), DEFAULT_LIMITS),
    smoothing,
  });
  const head = graph.nodes.at(-1);
  if (head?.op !== 'linear_cross_entropy')
    throw new WebLoraError('internal', 'the graph does not end in the loss head');
  const host = (words: InputWords): Map<Tensor, Uint32Array> =>
    new Map([
      [inputs.step, words.step],
      [inputs.tokens, words.tokens],
      [inputs.positions, words.positions],
      [inputs.bounds, words.bounds],
      [inputs.lossRows, words.lossRows],
      [inputs.labels, words.lossLabels],
    ]);
  return { graph, head, host };
}
