import { packWeight, sliceRows, type WeightFormat } from '../src/formats/quantize.ts';
import { codeWordsPerRow, scaleWordsPerRow } from '../src/formats/quantize.ts';
import { Usage, type Gpu, type GpuLimits } from '../src/gpu/gpu.ts';
import { applyLora, type LoraSettings } from '../src/lora/lora.ts';
import { weightBufferName, weightParts } from '../src/graph/plan.ts';
import { BufferSet, type BufferRequest } from '../src/graph/replay.ts';
import type { Graph, LinearWeights } from '../src/graph/graph.ts';
import { Tensor } from '../src/graph/tensor.ts';
import type { ForwardInputs, Model, WeightBinder } from './family.ts';
import type { OpenModel } from './open-model.ts';
import { rotaryTables } from './rope.ts';

/** Names of the buffers that hold what a base brings besides its matrices. */
export function vectorBufferName(name: string): string {
  return `vector/${name}`;
}
export const ROPE_BUFFERS = { cos: 'rope/cos', sin: 'rope/sin' } as const;

/** Binds a model's weights as tensors of a graph, with adapter slots where `lora` says. */
export function bindWeights(
  g: Graph,
  model: Model,
  format: WeightFormat,
  lora: LoraSettings | undefined,
): WeightBinder {
  const shapes = new Map(model.weights.map((spec) => [spec.name, spec.shape]));
  const made = new Map<string, Tensor>();
  const tensor = (name: string, role: 'weight' | 'vector'): Tensor => {
    const known = made.get(name);
    if (known !== undefined) return known;
    const shape = shapes.get(name);
    if (shape === undefined) throw new RangeError(`the model has no tensor '${name}'`);
    const bound = g.tensor({ name, shape, role, ...(role === 'weight' && { format }) });
    made.set(name, bound);
    return bound;
  };
  return {
    matrix: (name) => tensor(name, 'weight'),
    vector: (name) => tensor(name, 'vector'),
    linear: (path) => {
      const bias = `${path}.bias`;
      const layer: LinearWeights = {
        weight: tensor(`${path}.weight`, 'weight'),
        ...(shapes.has(bias) && { bias: tensor(bias, 'vector') }),
      };
      return applyLora(g, path, layer, lora);
    },
  };
}

/** The rotary tables as constants of a graph. */
export function ropeTensors(g: Graph, model: Model, context: number): ForwardInputs['rope'] {
  const shape = [context, model.inverseFrequencies.length];
  return {
    cos: g.tensor({ name: ROPE_BUFFERS.cos, shape, role: 'constant' }),
    sin: g.tensor({ name: ROPE_BUFFERS.sin, shape, role: 'constant' }),
  };
}

const WEIGHT_USAGE = Usage.storage | Usage.copyDst;

/** Every buffer of a base, known before anything is loaded. */
export function baseBufferRequests(
  model: Model,
  format: WeightFormat,
  context: number,
  limits: GpuLimits,
): BufferRequest[] {
  const requests: BufferRequest[] = [];
  for (const { name, shape, kind } of model.weights) {
    if (kind === 'vector') {
      requests.push({ name: vectorBufferName(name), bytes: (shape[0] ?? 0) * 4, usage: WEIGHT_USAGE });
      continue;
    }
    const weight = new Tensor(0, { name, shape, role: 'weight', format });
    for (const part of weightParts(weight, limits)) {
      requests.push({
        name: weightBufferName(weight, part, 'codes'),
        bytes: part.rows * codeWordsPerRow(format, weight.cols) * 4,
        usage: WEIGHT_USAGE,
      });
      const scaleWords = scaleWordsPerRow(format, weight.cols);
      if (scaleWords > 0)
        requests.push({
          name: weightBufferName(weight, part, 'scales'),
          bytes: part.rows * scaleWords * 4,
          usage: WEIGHT_USAGE,
        });
    }
  }
  const tableBytes = context * model.inverseFrequencies.length * 4;
  for (const name of Object.values(ROPE_BUFFERS)) requests.push({ name, bytes: tableBytes, usage: WEIGHT_USAGE });
  return requests;
}

/** A frozen base on the GPU, shared by training, generation, evaluation and any number of adapters. */
export class GpuBase {
  readonly gpu: Gpu;
  readonly model: Model;
  readonly format: WeightFormat;
  /** Positions the rotary tables and caches are made for. */
  readonly context: number;
  readonly buffers: BufferSet;

  private constructor(gpu: Gpu, model: Model, format: WeightFormat, context: number) {
    this.gpu = gpu;
    this.model = model;
    this.format = format;
    this.context = context;
    this.buffers = new BufferSet(gpu, baseBufferRequests(model, format, context, gpu.limits));
  }

  /** Loads, quantises and uploads one tensor at a time. */
  static async load(
    gpu: Gpu,
    opened: OpenModel,
    options: { format: WeightFormat; context: number; onProgress?: (done: number, total: number) => void },
  ): Promise<GpuBase> {
    const { model } = opened;
    const { format, context, onProgress } = options;
    const base = new GpuBase(gpu, model, format, context);
    try {
      let done = 0;
      for (const { name, shape, kind } of model.weights) {
        const values = await opened.read(name);
        if (kind === 'vector') gpu.writeBuffer(base.buffers.take(vectorBufferName(name)), 0, values);
        else base.#upload(name, shape, values);
        done += 1;
        onProgress?.(done, model.weights.length);
      }
      const { cos, sin } = rotaryTables(model.inverseFrequencies, context);
      gpu.writeBuffer(base.buffers.take(ROPE_BUFFERS.cos), 0, cos);
      gpu.writeBuffer(base.buffers.take(ROPE_BUFFERS.sin), 0, sin);
      await gpu.idle();
      return base;
    } catch (error) {
      base.destroy();
      throw error;
    }
  }

  #upload(name: string, shape: readonly number[], values: Float32Array): void {
    const weight = new Tensor(0, { name, shape, role: 'weight', format: this.format });
    const packed = packWeight(values, weight.rows, weight.cols, this.format, name);
    for (const part of weightParts(weight, this.gpu.limits)) {
      const rows = sliceRows(packed, part.firstRow, part.firstRow + part.rows);
      this.gpu.writeBuffer(this.buffers.take(weightBufferName(weight, part, 'codes')), 0, rows.codes);
      if (rows.scales.length > 0)
        this.gpu.writeBuffer(this.buffers.take(weightBufferName(weight, part, 'scales')), 0, rows.scales);
    }
  }

  destroy(): void {
    this.buffers.destroy();
  }
}
