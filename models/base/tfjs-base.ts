import { unpackWeight, type BaseFormat } from '../../src/formats/quantize.ts';
import type { Graph } from '../../src/graph/graph.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import type { Tf, TfTensor } from '../../src/graph/tfjs/library.ts';
import { readMatrix, readVector } from './base-format.ts';
import type { Model } from '../families/family.ts';
import { ropeBufferName } from './gpu-base.ts';
import type { OpenModel } from '../checkpoint/open-model.ts';
import { rotaryTables } from '../families/rope.ts';

/** A model's frozen matrices and vectors by name. */
type Weights = ReadonlyMap<string, TfTensor>;

/** Loaded once for each opened model, backend and format; they go when the opened model does. */
const loaded = new WeakMap<OpenModel, Map<string, Promise<Weights>>>();

/** A frozen base as tfjs tensors: what GpuBase is to the WGSL executor. Training, generation and evaluation share its weights. */
export class TfjsBase {
  readonly tf: Tf;
  readonly model: Model;
  readonly format: BaseFormat;
  /** Positions the rotary tables are made for. */
  readonly context: number;
  readonly #weights: Weights;
  readonly #rope: Weights;

  private constructor(tf: Tf, model: Model, options: { format: BaseFormat; context: number }, weights: Weights) {
    const { format, context } = options;
    this.tf = tf;
    this.model = model;
    this.format = format;
    this.context = context;
    this.#weights = weights;
    this.#rope = new Map(
      Object.entries(model.rope).flatMap(([table, rope]) => {
        const { cos, sin } = rotaryTables(rope, context);
        const shape: [number, number] = [context, rope.inverseFrequencies.length];
        return [
          [ropeBufferName(table, 'cos'), tf.tensor2d(cos, shape)],
          [ropeBufferName(table, 'sin'), tf.tensor2d(sin, shape)],
        ];
      }),
    );
  }

  static async load(tf: Tf, opened: OpenModel, options: { format: BaseFormat; context: number }): Promise<TfjsBase> {
    const { format } = options;
    const ofModel = loaded.get(opened) ?? new Map<string, Promise<Weights>>();
    loaded.set(opened, ofModel);
    const key = `${tf.getBackend()}/${format}`;
    let weights = ofModel.get(key);
    if (weights === undefined) {
      weights = loadWeights(tf, opened, format);
      ofModel.set(key, weights);
      weights.catch(() => ofModel.delete(key));
    }
    return new TfjsBase(tf, opened.model, options, await weights);
  }

  /** The base's values for the frozen tensors of a graph. */
  valuesOf(graph: Graph): Map<Tensor, TfTensor> {
    const values = new Map<Tensor, TfTensor>();
    for (const tensor of graph.tensors) {
      const value = tensor.role === 'constant' ? this.#rope.get(tensor.name) : this.#weights.get(tensor.name);
      if (value !== undefined) values.set(tensor, value);
    }
    return values;
  }

  /** Leaves the weights to others that share them. */
  dispose(): void {
    for (const table of this.#rope.values()) table.dispose();
  }
}

/** Weights go through the packed format and back, so that a q4 base is the one the kernels compute with. */
async function loadWeights(tf: Tf, opened: OpenModel, format: BaseFormat): Promise<Weights> {
  const weights = new Map<string, TfTensor>();
  try {
    for (const spec of opened.model.weights) {
      const { name, shape, kind } = spec;
      const values =
        kind === 'vector' ? await readVector(opened, spec) : unpackWeight(await readMatrix(opened, spec, format));
      weights.set(name, tf.tensor(values, [...shape]));
    }
  } catch (error) {
    for (const tensor of weights.values()) tensor.dispose();
    throw error;
  }
  return weights;
}
