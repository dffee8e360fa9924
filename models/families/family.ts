import type { WeightFormat } from '../../src/formats/quantize.ts';
import type { Graph, StepInputs } from '../../src/graph/graph.ts';
import type { LinearWeights } from '../../src/graph/ops/linear.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import type { RopeTable } from './rope.ts';

/** One tensor of a checkpoint, under transformers' name. */
export interface WeightSpec {
  readonly name: string;
  /** [rows, cols], or [n] for a vector: as it is computed with. */
  readonly shape: readonly number[];
  /** `matrix`: stored in the base's format; `positions`: a matrix that is always f32; `vector`: norms and biases, always f32. */
  readonly kind: 'matrix' | 'positions' | 'vector';
  /**
   * Matrices, or vectors, of one name here lie one after the other in one buffer where they are stored alike, so that decoding
   * computes them in one product.
   */
  readonly join?: string;
  /** Of a matrix: the layout that keeps it as its file has it. A base in `gguf` needs one for every matrix. */
  readonly fileFormat?: WeightFormat;
  /** The checkpoint keeps this matrix as [cols, rows] (GPT-2's Conv1D): it is transposed once, when it is read. */
  readonly transposed?: boolean;
}

/** Attention over rows of the same pass (training), or over a cache (generation). */
export type AttentionOver =
  | { readonly kind: 'segments'; readonly bounds: Tensor }
  | {
      readonly kind: 'cache';
      readonly slots: Tensor;
      readonly caches: readonly { readonly k: Tensor; readonly v: Tensor }[];
    };

/** Gives a family's weight tree its tensors; LoRA slots appear where an adapter targets the layer. */
export interface WeightBinder {
  readonly matrix: (name: string) => Tensor;
  readonly vector: (name: string) => Tensor;
  /** The layer at a module path such as `model.layers.0.self_attn.q_proj`. */
  readonly linear: (path: string) => LinearWeights;
}

export interface ForwardInputs extends Pick<StepInputs, 'tokens' | 'positions' | 'step'> {
  /** Rotary tables by the names of `Model.rope`. */
  readonly rope: Readonly<Record<string, RopeTensors>>;
  /** NEFTune's noise on the embeddings of training; absent: none. */
  readonly noise?: { readonly amount: number; readonly bounds: Tensor };
}

/** [context, half of the rotated dimensions] each */
export interface RopeTensors {
  readonly cos: Tensor;
  readonly sin: Tensor;
}

/** The sizes that plans, caches and cards need, whatever the family. */
export interface ModelShape {
  readonly modelType: string;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly vocabSize: number;
  readonly maxPositions: number;
}

/** A parsed configuration with everything that depends on it: what each family's folder provides. */
export interface Model {
  readonly shape: ModelShape;
  /** Every tensor the checkpoint must have. */
  readonly weights: readonly WeightSpec[];
  /** Module paths that can carry an adapter, in order. */
  readonly linearPaths: readonly string[];
  /** Name of the weight of the head; the embedding's when tied. */
  readonly headName: string;
  /** Rotary positions by name, one for each kind of layer that differs; none where positions are learned. */
  readonly rope: Readonly<Record<string, RopeTable>>;
  /** Tensors beside `weights` that old checkpoints carry although they follow from the configuration. */
  readonly derived?: RegExp;
  /** Emits the forward pass up to the final norm: [N, C]. */
  readonly hidden: (g: Graph, bind: WeightBinder, inputs: ForwardInputs, over: AttentionOver) => Tensor;
}
