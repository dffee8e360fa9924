import { NO_SLOT } from '../../kernels/kv_write/kv_write.ts';
import type { AttentionOver } from '../../models/family.ts';
import { bindWeights, ropeTensors, vectorBufferName, type GpuBase } from '../../models/gpu-base.ts';
import type { LoraAdapter } from '../adapters/adapter.ts';
import { WebLoraError } from '../errors.ts';
import { Usage, type Gpu } from '../gpu/gpu.ts';
import { Graph, STEP_WORDS } from '../graph/graph.ts';
import { ParamLayout } from '../graph/params.ts';
import { alignBytes, type Placement } from '../graph/place.ts';
import { planGraph, type Home, type Plan } from '../graph/plan.ts';
import { BufferSet, compilePlans, Replay, slabRequests } from '../graph/replay.ts';
import type { Tensor } from '../graph/tensor.ts';
import { GpuAdapter, settingsOf } from '../lora/gpu-adapter.ts';
import { loraGroups, type LoraSettings } from '../lora/lora.ts';
import type { Candidates, Runtime, RuntimeRows } from './runtime.ts';

/** Rows of the largest prefill piece; a longer prompt is run in several, so that no submission takes long. */
const LARGEST_PREFILL = 512;
/** Candidates kept for sampling; sampling that needs more reads all logits. */
export const MAX_CANDIDATES = 64;

export interface WgslRuntimeOptions {
  readonly adapter?: LoraAdapter;
  /** Sequences decoded side by side. */
  readonly slots: number;
  /** Positions of each slot's cache; at most the base's context. */
  readonly context: number;
}

interface RuntimePlan {
  readonly plan: Plan;
  readonly replay: Replay;
  /** Launches up to and with the logits, the best token, all candidates. */
  readonly ends: { readonly logits: number; readonly best: number; readonly all: number };
}

/** Generation on the GPU: a prepared plan per prefill size and one for decoding, over one KV cache. */
export class WgslRuntime implements Runtime {
  readonly vocabSize: number;
  readonly context: number;
  readonly slots: number;
  readonly maxRows: number;
  readonly #gpu: Gpu;
  readonly #buffers: BufferSet;
  readonly #adapter: GpuAdapter | undefined;
  readonly #plans: ReadonlyMap<number, RuntimePlan>;
  readonly #regions: ReadonlyMap<string, { offsetBytes: number; words: number }>;
  readonly #inputWords: Uint32Array;
  readonly #candidates: number;

  private constructor(
    base: GpuBase,
    options: WgslRuntimeOptions,
    parts: {
      buffers: BufferSet;
      adapter: GpuAdapter | undefined;
      plans: ReadonlyMap<number, RuntimePlan>;
      regions: ReadonlyMap<string, { offsetBytes: number; words: number }>;
    },
  ) {
    this.#gpu = base.gpu;
    this.vocabSize = base.model.shape.vocabSize;
    this.context = options.context;
    this.slots = options.slots;
    this.maxRows = Math.max(...parts.plans.keys());
    this.#buffers = parts.buffers;
    this.#adapter = parts.adapter;
    this.#plans = parts.plans;
    this.#regions = parts.regions;
    this.#inputWords = new Uint32Array(parts.buffers.take('inputs').size / 4);
    this.#candidates = Math.min(MAX_CANDIDATES, this.vocabSize);
  }

  static async make(base: GpuBase, options: WgslRuntimeOptions): Promise<WgslRuntime> {
    const { gpu } = base;
    if (options.context > base.context)
      throw new WebLoraError('context', 'KV cache', {
        got: options.context,
        wanted: `at most ${base.context} positions`,
        fix: 'load the model with a larger --context',
      });
    const settings = options.adapter === undefined ? undefined : settingsOf(options.adapter);
    const sizes = rowSizes(options.slots, options.context);
    const largest = sizes.at(-1) ?? options.slots;
    const graphs = new Map(sizes.map((rows) => [rows, inferenceGraph(base, options, settings, rows)]));
    const full = graphs.get(largest);
    if (full === undefined) throw new WebLoraError('internal', 'a runtime needs at least one plan');
    const regions = inputRegions(full.graph);
    const layout = new ParamLayout(loraGroups(full.graph, 0));
    const homeOf = (storage: Tensor): Home => homeOfTensor(storage, layout, regions);
    const planOptions = { limits: gpu.limits, variant: gpu.variant, quads: gpu.quads, homeOf };
    let placement: Placement | undefined;
    const planned = new Map<number, Plan>();
    for (const rows of [...sizes].reverse()) {
      const built = graphs.get(rows);
      if (built === undefined) continue;
      const plan = planGraph(built.graph, { ...planOptions, ...(placement && { placement }) });
      placement ??= plan.placement;
      planned.set(rows, plan);
    }
    await compilePlans(gpu, [...planned.values()]);
    const usage = Usage.storage | Usage.copySrc | Usage.copyDst;
    const inputBytes = [...regions.values()].reduce(
      (end, { offsetBytes, words }) => Math.max(end, offsetBytes + words * 4),
      0,
    );
    const uniformBytes = [...planned.values()].reduce((sum, plan) => sum + plan.uniforms.byteLength, 0);
    const buffers = new BufferSet(gpu, [
      ...slabRequests(placement?.slabBytes ?? []),
      { name: 'inputs', bytes: inputBytes, usage },
      { name: 'uniforms', bytes: uniformBytes, usage: Usage.uniform | Usage.copyDst },
    ]);
    let adapter: GpuAdapter | undefined;
    try {
      for (const tensor of full.graph.tensors) {
        if (tensor.role === 'cache' || tensor.role === 'result')
          buffers.add({ name: tensor.name, bytes: tensor.elems * 4, usage });
      }
      buffers.add({
        name: 'staging',
        bytes: stagingBytes(options.slots, base.model.shape.vocabSize),
        usage: Usage.mapRead | Usage.copyDst,
      });
      if (options.adapter !== undefined) adapter = new GpuAdapter(gpu, options.adapter, layout);
      const source = (name: string): GPUBuffer =>
        (name === 'params' ? adapter?.buffer : undefined) ?? buffers.get(name) ?? base.buffers.take(name);
      const plans = new Map<number, RuntimePlan>();
      let offset = 0;
      for (const [rows, plan] of planned) {
        gpu.writeBuffer(buffers.take('uniforms'), offset, plan.uniforms);
        const replay = await Replay.make(gpu, plan, source, buffers.take('uniforms'), offset);
        plans.set(rows, {
          plan,
          replay,
          ends: { logits: replay.length - 2, best: replay.length - 1, all: replay.length },
        });
        offset += plan.uniforms.byteLength;
      }
      return new WgslRuntime(base, options, {
        buffers,
        adapter,
        plans: new Map([...plans].sort(([a], [b]) => a - b)),
        regions,
      });
    } catch (error) {
      adapter?.destroy();
      buffers.destroy();
      throw error;
    }
  }

  async topK(rows: RuntimeRows, wanted: readonly number[], k: number): Promise<Candidates[]> {
    if (k > this.#candidates) throw new WebLoraError('internal', `topK: k is ${k}, at most ${this.#candidates}`);
    const name = k === 1 ? 'best' : 'top';
    const stored = k === 1 ? 1 : this.#candidates;
    const staging = this.#buffers.take('staging');
    const sizes = { values: this.slots * stored * 4, indices: this.slots * stored * 4, lse: this.slots * 4 };
    this.#run(rows, wanted, k === 1 ? 'best' : 'all', (encoder) => {
      let offset = 0;
      for (const part of ['values', 'indices', 'lse'] as const) {
        encoder.copyBufferToBuffer(this.#buffers.take(`${name}.${part}`), 0, staging, offset, sizes[part]);
        offset += sizes[part];
      }
    });
    await this.#gpu.mapRead(staging);
    const range = staging.getMappedRange(0, sizes.values + sizes.indices + sizes.lse).slice(0);
    staging.unmap();
    const lse = new Float32Array(range, sizes.values + sizes.indices, this.slots);
    return wanted.map((_, i) => ({
      values: new Float32Array(range, i * stored * 4, k),
      indices: new Uint32Array(range, sizes.values + i * stored * 4, k),
      lse: lse[i] ?? Number.NaN,
    }));
  }

  async logits(rows: RuntimeRows, wanted: readonly number[]): Promise<Float32Array[]> {
    this.#run(rows, wanted, 'logits');
    const bytes = wanted.length * this.vocabSize * 4;
    const all = await this.#gpu.readBuffer(this.#buffers.take('logits'), 0, bytes);
    return wanted.map((_, i) => new Float32Array(all, i * this.vocabSize * 4, this.vocabSize));
  }

  dispose(): void {
    this.#adapter?.destroy();
    this.#buffers.destroy();
  }

  #run(
    rows: RuntimeRows,
    wanted: readonly number[],
    until: 'logits' | 'best' | 'all',
    finish?: (encoder: GPUCommandEncoder) => void,
  ): void {
    const count = rows.tokens.length;
    const planned = [...this.#plans].find(([size]) => size >= count);
    if (planned === undefined)
      throw new WebLoraError('internal', `${count} rows exceed the largest plan, ${this.maxRows}`);
    if (wanted.length > this.slots)
      throw new WebLoraError('internal', `${wanted.length} rows wanted, at most ${this.slots}`);
    const [size, { replay, ends }] = planned;
    this.#region('step').set([0, 0, wanted.length]);
    const put = (name: string, values: ArrayLike<number>, padding: number): void => {
      const region = this.#region(name);
      region.fill(padding, 0, name === 'wanted' ? this.slots : size);
      region.set(values);
    };
    put('tokens', rows.tokens, 0);
    put('positions', rows.positions, 0);
    put('slots', rows.slots, NO_SLOT);
    put('wanted', wanted, 0);
    this.#gpu.writeBuffer(this.#buffers.take('inputs'), 0, this.#inputWords);
    replay.run({ to: ends[until], ...(finish && { finish }) });
  }

  #region(name: string): Uint32Array {
    const region = this.#regions.get(name);
    if (region === undefined) throw new WebLoraError('internal', `no input '${name}'`);
    return this.#inputWords.subarray(region.offsetBytes / 4, region.offsetBytes / 4 + region.words);
  }
}

/** Decoding runs one row per slot; prompts run in pieces of a few sizes. */
function rowSizes(slots: number, context: number): number[] {
  const sizes = new Set([slots]);
  for (const size of [32, 64, 128, 256, LARGEST_PREFILL]) if (size > slots && size < context * 2) sizes.add(size);
  return [...sizes].sort((a, b) => a - b);
}

function inferenceGraph(
  base: GpuBase,
  options: WgslRuntimeOptions,
  lora: LoraSettings | undefined,
  rows: number,
): { graph: Graph } {
  const { model, format } = base;
  const { kvHeads, headDim, layers, vocabSize } = model.shape;
  const g = new Graph();
  const input = (name: string, shape: number[]): Tensor => g.tensor({ name, shape, role: 'input', dtype: 'u32' });
  const step = input('step', [STEP_WORDS]);
  const tokens = input('tokens', [rows]);
  const positions = input('positions', [rows]);
  const slots = input('slots', [rows]);
  const wanted = input('wanted', [options.slots]);
  const cache = (kind: 'k' | 'v', layer: number): Tensor =>
    g.tensor({
      name: `cache/${kind}/${layer}`,
      shape: [options.slots, options.context, kvHeads * headDim],
      role: 'cache',
    });
  const caches = Array.from({ length: layers }, (_, layer) => ({ k: cache('k', layer), v: cache('v', layer) }));
  const over: AttentionOver = { kind: 'cache', slots, caches };
  const bind = bindWeights(g, model, format, lora);
  const hidden = model.hidden(g, bind, { step, tokens, positions, rope: ropeTensors(g, model, base.context) }, over);
  const logits = g.logits(g.gatherRows(hidden, step, wanted), bind.matrix(model.headName));
  g.topK(logits, 1, 'best');
  g.topK(logits, Math.min(MAX_CANDIDATES, vocabSize), 'top');
  return { graph: g };
}

/** Values and indices of all candidates, and the log-sum-exp of each slot. */
function stagingBytes(slots: number, vocabSize: number): number {
  return slots * (Math.min(MAX_CANDIDATES, vocabSize) * 2 + 1) * 4;
}

function inputRegions(graph: Graph): Map<string, { offsetBytes: number; words: number }> {
  const regions = new Map<string, { offsetBytes: number; words: number }>();
  let offsetBytes = 0;
  for (const tensor of graph.tensors) {
    if (tensor.role !== 'input') continue;
    regions.set(tensor.name, { offsetBytes, words: tensor.elems });
    offsetBytes += alignBytes(tensor.elems * 4);
  }
  return regions;
}

function homeOfTensor(
  storage: Tensor,
  layout: ParamLayout,
  regions: ReadonlyMap<string, { offsetBytes: number; words: number }>,
): Home {
  const bytes = storage.elems * 4;
  switch (storage.role) {
    case 'input':
      return { buffer: 'inputs', offsetBytes: regions.get(storage.name)?.offsetBytes ?? 0, bytes };
    case 'vector':
      return { buffer: vectorBufferName(storage.name), offsetBytes: 0, bytes };
    case 'param':
      return layout.home('params', storage.name);
    case 'constant':
    case 'cache':
    case 'result':
      return { buffer: storage.name, offsetBytes: 0, bytes };
    case 'activation':
    case 'weight':
    case 'gradient':
      throw new WebLoraError('internal', `${String(storage)} has no home in a runtime`);
    default:
      return storage.role satisfies never;
  }
}
