import type { Graph } from '../../graph/graph.ts';
import type { LoraSlot } from '../../graph/ops/linear.ts';
import type { Tensor } from '../../graph/tensor.ts';

/** Sizes of one adapted module. */
export interface ModuleShape {
  readonly rank: number;
  readonly inFeatures: number;
  readonly outFeatures: number;
}

/** The trained values of one module, row-major. */
export interface ModuleValues {
  /** [rank, inFeatures] */
  readonly a: Float32Array;
  /** [outFeatures, rank] */
  readonly b: Float32Array;
  /** [outFeatures], of kinds that have it */
  readonly magnitude?: Float32Array;
}

/** One trainable tensor of every module. */
export interface AdapterPart {
  readonly key: keyof ModuleValues;
  /** Its name after the module's path and a dot, as PEFT's files have it. */
  readonly name: string;
  /** Parts of one group share a learning rate and weight decay. */
  readonly group: string;
  /** Shape in the plan, a vector being a matrix of one row. */
  readonly shape: (module: ModuleShape) => readonly [rows: number, cols: number];
}

/** What a kind may start from. */
export interface InitialSource {
  /** The next value of the run's random stream, uniform in [-1, 1). */
  readonly uniform: () => number;
  /** Euclidean norm of each row of the module's base weight, in the format that the run computes with. */
  readonly baseRowNorms: () => Promise<Float32Array>;
}

/** A way to adapt linear layers. Each is one file of this folder and a line in `index.ts`. */
export interface AdapterKind<Name extends string = string> {
  /** As `--method` takes it. */
  readonly name: Name;
  /** What people call it. */
  readonly label: string;
  /** Factor on the rank-r branch. */
  readonly scale: (alpha: number, rank: number) => number;
  readonly parts: readonly AdapterPart[];
  /** Values of the parts before the first step: the adapted layer equals the base. */
  readonly initial: (module: ModuleShape, source: InitialSource) => Promise<ModuleValues>;
  /** What the kind adds to a linear layer. `part` gives the tensors of its parts; `share` is 1 in training. */
  readonly slot: (
    g: Graph,
    weight: Tensor,
    part: (key: keyof ModuleValues) => Tensor,
    settings: { readonly scale: number; readonly dropout: number; readonly share: number },
  ) => LoraSlot;
  /** Keys of PEFT's LoraConfig that are true for it. */
  readonly peft: { readonly use_dora: boolean; readonly use_rslora: boolean };
  /**
   * The adapted weight of one module, in place of the base's rows.
   * @param weight [outFeatures, inFeatures], changed in place
   */
  readonly merge: (weight: Float32Array, values: ModuleValues, scale: number, module: ModuleShape) => void;
}
