import type { AttentionOver } from '../../models/families/family.ts';
import { bindWeights, ropeTensors } from '../../models/base/gpu-base.ts';
import type { OpenModel } from '../../models/checkpoint/open-model.ts';
import { TfjsBase } from '../../models/base/tfjs-base.ts';
import type { LoraAdapter } from '../adapters/adapter.ts';
import { WebLoraError } from '../errors.ts';
import type { BaseFormat } from '../formats/quantize.ts';
import { Graph, STEP_WORDS } from '../graph/graph.ts';
import type { Tensor } from '../graph/tensor.ts';
import { runForward } from '../graph/tfjs/execute.ts';
import { KvCache } from '../graph/tfjs/kv-cache.ts';
import { readValues, type Tf, type TfTensor } from '../graph/tfjs/library.ts';
import { matricesOf, settingsOf } from '../lora/gpu-adapter.ts';
import { atStrength } from '../lora/lora.ts';
import { resolveSelection, type Candidates, type Runtime, type RuntimeRows, type AdapterSelection } from './runtime.ts';

/** A longer prompt is run in several pieces: attention's scores grow with piece times past. */
const LARGEST_PREFILL = 512;

export interface TfjsRuntimeOptions {
  readonly format: BaseFormat;
  readonly adapter?: LoraAdapter;
  /** Sequences decoded side by side. */
  readonly slots: number;
  /** Positions of each slot. */
  readonly context: number;
}

/** Generation through tfjs: the graph of each call is built for its very rows, over a KV cache that grows with each slot. */
export class TfjsRuntime implements Runtime {
  readonly vocabSize: number;
  readonly context: number;
  readonly slots: number;
  readonly maxRows: number;
  readonly #base: TfjsBase;
  readonly #cache: KvCache;
  /** The adapter's, by parameter name. */
  readonly #matrices = new Map<string, TfTensor>();
  #adapter: LoraAdapter | undefined;
  #strength = 1;

  private constructor(base: TfjsBase, { slots, context }: TfjsRuntimeOptions) {
    const { tf, model } = base;
    this.vocabSize = model.shape.vocabSize;
    this.context = context;
    this.slots = slots;
    this.maxRows = Math.max(slots, Math.min(context, LARGEST_PREFILL));
    this.#base = base;
    this.#cache = new KvCache(tf);
  }

  static async make(tf: Tf, opened: OpenModel, options: TfjsRuntimeOptions): Promise<TfjsRuntime> {
    const runtime = new TfjsRuntime(await TfjsBase.load(tf, opened, options), options);
    await runtime.use({ ...(options.adapter && { adapter: options.adapter }) });
    return runtime;
  }

  use(selection: AdapterSelection): Promise<void> {
    const { adapter, strength } = resolveSelection(selection);
    this.#strength = strength;
    if (adapter === this.#adapter) return Promise.resolve();
    this.#clear();
    this.#adapter = adapter;
    if (adapter === undefined) return Promise.resolve();
    const { tf } = this.#base;
    for (const [name, values] of matricesOf(adapter)) this.#matrices.set(name, tf.tensor1d(values.slice()));
    return Promise.resolve();
  }

  async topK(rows: RuntimeRows, wanted: readonly number[], k: number): Promise<Candidates[]> {
    const tf = this.#base.tf;
    const { values, indices, lse } = tf.tidy(() => {
      const logits = this.#logits(rows, wanted);
      return { ...tf.topk(logits, k, true), lse: tf.logSumExp(logits, 1) };
    });
    const [valueData, indexData, lseData] = await Promise.all([readValues(values), indices.data(), readValues(lse)]);
    for (const tensor of [values, indices, lse]) tensor.dispose();
    return wanted.map((_, i) => ({
      values: valueData.subarray(i * k, (i + 1) * k),
      indices: Uint32Array.from(indexData.subarray(i * k, (i + 1) * k)),
      lse: lseData[i] ?? Number.NaN,
    }));
  }

  async logits(rows: RuntimeRows, wanted: readonly number[]): Promise<Float32Array[]> {
    const all = this.#base.tf.tidy(() => this.#logits(rows, wanted));
    const values = await readValues(all);
    all.dispose();
    return wanted.map((_, i) => values.subarray(i * this.vocabSize, (i + 1) * this.vocabSize));
  }

  dispose(): void {
    this.#base.dispose();
    this.#cache.dispose();
    this.#clear();
  }

  #clear(): void {
    for (const tensor of this.#matrices.values()) tensor.dispose();
    this.#matrices.clear();
  }

  /** [wanted, V] */
  #logits(rows: RuntimeRows, wanted: readonly number[]): TfTensor {
    const count = rows.tokens.length;
    if (count > this.maxRows) throw new WebLoraError('internal', `${count} rows, at most ${this.maxRows}`);
    if (wanted.length > this.slots)
      throw new WebLoraError('internal', `${wanted.length} rows wanted, at most ${this.slots}`);
    const beyond = rows.positions.find((position) => position >= this.context);
    if (beyond !== undefined)
      throw new WebLoraError('internal', `a row at position ${beyond}`, { wanted: `positions below ${this.context}` });
    const { graph, logits, inputs } = this.#graph(count, wanted.length);
    const values = this.#base.valuesOf(graph);
    for (const tensor of graph.tensors) {
      const matrix = tensor.role === 'param' ? this.#matrices.get(tensor.name) : undefined;
      if (matrix !== undefined) values.set(tensor, this.#base.tf.reshape(matrix, [...tensor.shape]));
    }
    const step = new Uint32Array(STEP_WORDS);
    step[2] = wanted.length;
    const host = new Map([
      [inputs.step, step],
      [inputs.tokens, rows.tokens],
      [inputs.positions, rows.positions],
      [inputs.slots, rows.slots],
      [inputs.wanted, Uint32Array.from(wanted)],
    ]);
    runForward(this.#base.tf, graph.forward, values, { host, cache: this.#cache });
    const result = values.get(logits);
    if (result === undefined) throw new WebLoraError('internal', 'the pass did not compute logits');
    return result;
  }

  #graph(
    rows: number,
    wanted: number,
  ): { graph: Graph; logits: Tensor; inputs: Record<'step' | 'tokens' | 'positions' | 'slots' | 'wanted', Tensor> } {
    const { model, format } = this.#base;
    const { kvHeads, headDim, layers } = model.shape;
    const graph = new Graph();
    const input = (name: string, shape: number[]): Tensor => graph.tensor({ name, shape, role: 'input', dtype: 'u32' });
    const inputs = {
      step: input('step', [STEP_WORDS]),
      tokens: input('tokens', [rows]),
      positions: input('positions', [rows]),
      slots: input('slots', [rows]),
      wanted: input('wanted', [wanted]),
    };
    const cache = (kind: 'k' | 'v', layer: number): Tensor =>
      graph.tensor({
        name: `cache/${kind}/${layer}`,
        shape: [this.slots, this.context, kvHeads * headDim],
        role: 'cache',
      });
    const caches = Array.from({ length: layers }, (_, layer) => ({ k: cache('k', layer), v: cache('v', layer) }));
    const over: AttentionOver = { kind: 'cache', slots: inputs.slots, caches };
    const selected = this.#adapter && atStrength(settingsOf(this.#adapter), this.#strength);
    const bind = bindWeights(graph, model, format, selected);
    const hidden = model.hidden(graph, bind, { ...inputs, rope: ropeTensors(graph, model, this.#base.context) }, over);
    const logits = graph.logits(graph.gatherRows(hidden, inputs.step, inputs.wanted), bind.matrix(model.headName));
    return { graph, logits, inputs };
  }
}
