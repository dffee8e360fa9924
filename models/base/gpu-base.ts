import { codeWordsPerRow, scaleWordsPerRow, type BaseFormat } from '../../src/formats/quantize.ts';
import type { GpuLimits } from '../../src/gpu/device-profile.ts';
import { Usage, WorkErrors, type Gpu } from '../../src/gpu/gpu.ts';
import { phrase, setting } from '../../src/phrase.ts';
import { applyLora, type LoraSettings } from '../../src/lora/lora.ts';
import { vectorRange, weightBufferName, weightParts } from '../../src/graph/operand.ts';
import { BufferSet, type BufferRequest } from '../../src/graph/replay.ts';
import type { Graph } from '../../src/graph/graph.ts';
import type { LinearWeights } from '../../src/graph/ops/linear.ts';
import { Tensor } from '../../src/graph/tensor.ts';
import { formatOf, readVector } from './base-format.ts';
import { joinedRows } from './joined-rows.ts';
import type { ForwardInputs, Model, WeightBinder } from '../families/family.ts';
import type { OpenModel } from '../checkpoint/open-model.ts';
import { rotaryTables } from '../families/rope.ts';
import { streamMatrix, type PackedRows } from '../checkpoint/stream-matrix.ts';

/** The buffer of a rotary table. */
export function ropeBufferName(table: string, of: 'cos' | 'sin'): string {
  return `rope/${table}/${of}`;
}

/** Binds a model's weights as tensors of a graph, with adapter slots where `lora` says. */
export function bindWeights(g: Graph, model: Model, format: BaseFormat, lora: LoraSettings | undefined): WeightBinder {
  const specs = new Map(model.weights.map((spec) => [spec.name, spec]));
  const joined = joinedRows(model, format);
  const made = new Map<string, Tensor>();
  const tensor = (name: string, role: 'weight' | 'vector'): Tensor => {
    const known = made.get(name);
    if (known !== undefined) return known;
    const spec = specs.get(name);
    if (spec === undefined) throw new RangeError(`the model has no tensor '${name}'`);
    const bound = g.tensor({
      name,
      shape: spec.shape,
      role,
      ...(role === 'weight' && { format: formatOf(spec, format) }),
      joined: joined.get(name),
    });
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
        ...(specs.has(bias) && { bias: tensor(bias, 'vector') }),
      };
      return applyLora(g, path, layer, lora);
    },
  };
}

/** The rotary tables as constants of a graph. */
export function ropeTensors(g: Graph, model: Model, context: number): ForwardInputs['rope'] {
  return Object.fromEntries(
    Object.entries(model.rope).map(([table, { inverseFrequencies }]) => {
      const shape = [context, inverseFrequencies.length];
      const constant = (of: 'cos' | 'sin'): Tensor =>
        g.tensor({ name: ropeBufferName(table, of), shape, role: 'constant' });
      return [table, { cos: constant('cos'), sin: constant('sin') }];
    }),
  );
}

const WAYS_TO_FIT = phrase`close other programs and tabs, choose a smaller ${setting('base')}, lower ${setting('context')}, or choose a smaller model`;

const WEIGHT_USAGE = Usage.storage | Usage.copyDst;

/** Every buffer of a base, known before anything is loaded. */
export function baseBufferRequests(
  model: Model,
  format: BaseFormat,
  context: number,
  limits: GpuLimits,
): BufferRequest[] {
  const requests: BufferRequest[] = [];
  const joined = joinedRows(model, format);
  for (const spec of model.weights) {
    const { name, shape, kind } = spec;
    const joinedTo = joined.get(name);
    if (kind === 'vector') {
      // A joined buffer is asked for once, with the first of its members.
      if (joinedTo !== undefined && joinedTo.firstRow > 0) continue;
      const { buffer } = vectorRange(new Tensor(0, { name, shape, role: 'vector', joined: joinedTo }));
      requests.push({ name: buffer, bytes: (joinedTo?.rows ?? shape[0] ?? 0) * 4, usage: WEIGHT_USAGE });
      continue;
    }
    const stored = formatOf(spec, format);
    const weight = new Tensor(0, { name, shape, role: 'weight', format: stored, joined: joinedTo });
    for (const part of weightParts(weight, limits)) {
      if (part.joined !== undefined && part.skippedRows !== 0) continue;
      const rows = part.joined === undefined ? part.rows : (joinedTo?.rows ?? 0);
      requests.push({
        name: weightBufferName(weight, part, 'codes'),
        bytes: rows * codeWordsPerRow(stored, weight.cols) * 4,
        usage: WEIGHT_USAGE,
      });
      const scaleWords = scaleWordsPerRow(stored, weight.cols);
      if (scaleWords > 0)
        requests.push({
          name: weightBufferName(weight, part, 'scales'),
          bytes: rows * scaleWords * 4,
          usage: WEIGHT_USAGE,
        });
    }
  }
  for (const [table, { inverseFrequencies }] of Object.entries(model.rope)) {
    const bytes = context * inverseFrequencies.length * 4;
    for (const of of ['cos', 'sin'] as const)
      requests.push({ name: ropeBufferName(table, of), bytes, usage: WEIGHT_USAGE });
  }
  return requests;
}

/** A frozen base on the GPU, shared by training, generation, evaluation and any number of adapters. */
export class GpuBase {
  readonly gpu: Gpu;
  readonly model: Model;
  readonly format: BaseFormat;
  /** Positions the rotary tables and caches are made for. */
  readonly context: number;
  readonly buffers: BufferSet;

  private constructor(gpu: Gpu, model: Model, format: BaseFormat, context: number, buffers: BufferSet) {
    this.gpu = gpu;
    this.model = model;
    this.format = format;
    this.context = context;
    this.buffers = buffers;
  }

  /** Loads, quantises and uploads some rows of a tensor at a time. */
  static async load(
    gpu: Gpu,
    opened: OpenModel,
    options: { format: BaseFormat; context: number; onProgress?: (done: number, total: number) => void },
  ): Promise<GpuBase> {
    const { model } = opened;
    const { format, context, onProgress } = options;
    const requests = baseBufferRequests(model, format, context, gpu.profile.limits);
    const buffers = await BufferSet.make(gpu, `the weights of ${opened.name}`, requests, WAYS_TO_FIT);
    const base = new GpuBase(gpu, model, format, context, buffers);
    const errors = new WorkErrors(gpu, 'uploading weights');
    const joined = joinedRows(model, format);
    try {
      let done = 0;
      for (const spec of model.weights) {
        if (spec.kind === 'vector') {
          const values = await readVector(opened, spec);
          const tensor = new Tensor(0, { ...spec, role: 'vector', joined: joined.get(spec.name) });
          const { buffer, offsetBytes } = vectorRange(tensor);
          errors.within(() => gpu.writeBuffer(buffers.require(buffer), offsetBytes, values));
        } else {
          const stored = { format: formatOf(spec, format), joined: joined.get(spec.name) };
          const weight = new Tensor(0, { ...spec, role: 'weight', ...stored });
          for await (const rows of streamMatrix(opened, spec, format)) errors.within(() => base.#upload(weight, rows));
          // What was written stays in JavaScript's memory until the queue has taken it.
          await gpu.idle();
          await errors.check();
        }
        done += 1;
        onProgress?.(done, model.weights.length);
      }
      for (const [table, rope] of Object.entries(model.rope)) {
        const tables = rotaryTables(rope, context);
        errors.within(() => {
          for (const of of ['cos', 'sin'] as const)
            gpu.writeBuffer(buffers.require(ropeBufferName(table, of)), 0, tables[of]);
        });
      }
      await gpu.idle();
      await errors.check();
      return base;
    } catch (error) {
      base.destroy();
      throw error;
    }
  }

  #upload(weight: Tensor, { firstRow, rows, codes, scales }: PackedRows): void {
    for (const part of weightParts(weight, this.gpu.profile.limits)) {
      const from = Math.max(firstRow, part.firstRow);
      const to = Math.min(firstRow + rows, part.firstRow + part.rows);
      if (from >= to) continue;
      for (const [of, words] of Object.entries({ codes, scales })) {
        const perRow = (words?.length ?? 0) / rows;
        if (words === undefined || perRow === 0) continue;
        this.gpu.writeBuffer(
          this.buffers.require(weightBufferName(weight, part, of === 'codes' ? 'codes' : 'scales')),
          ((part.skippedRows ?? 0) + from - part.firstRow) * perRow * 4,
          words.subarray((from - firstRow) * perRow, (to - firstRow) * perRow),
        );
      }
    }
  }

  destroy(): void {
    this.buffers.destroy();
  }
}
