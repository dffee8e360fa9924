import { WebLoraError } from '../errors.ts';
import type { WeightFormat } from '../formats/quantize.ts';

/**
 * Where a tensor lives and who writes it.
 * - `activation`: an intermediate of the step; the planner places it in the arena
 * - `input`: written by the host before each micro-step
 * - `constant`: written once (rotary tables)
 * - `weight`: frozen base weight in a packed format, possibly in row parts
 * - `vector`: frozen f32 vector (norm weight, bias)
 * - `param`: trainable f32 matrix; `gradient`: its sum over the micro-batches of an optimizer step
 * - `derived`: computed from weights and parameters, stored until parameters change
 * - `cache`: keys or values that persist between decode steps
 * - `result`: read back by the host
 */
export type TensorRole =
  'activation' | 'input' | 'constant' | 'weight' | 'vector' | 'param' | 'gradient' | 'derived' | 'cache' | 'result';

/** Rows of a larger matrix or vector in whose buffer a frozen tensor lies. */
export interface JoinedRows {
  /** The larger one's name. */
  readonly name: string;
  readonly firstRow: number;
  /** Of the larger one. */
  readonly rows: number;
}

export interface TensorOptions {
  readonly name: string;
  readonly shape: readonly number[];
  readonly role: TensorRole;
  readonly dtype?: 'f32' | 'u32';
  /** Only for `weight`. */
  readonly format?: WeightFormat;
  /** The tensor this one overwrites in place; both share one storage. */
  readonly inPlaceOf?: Tensor;
  readonly requiresGrad?: boolean;
  /** Only for `weight` and `vector`. */
  readonly joined?: JoinedRows | undefined;
}

/** A value of the graph: shape and role, no data. Row-major, last dimension contiguous. */
export class Tensor {
  readonly id: number;
  readonly name: string;
  readonly shape: readonly number[];
  readonly role: TensorRole;
  readonly dtype: 'f32' | 'u32';
  readonly format: WeightFormat | undefined;
  readonly inPlaceOf: Tensor | undefined;
  readonly requiresGrad: boolean;
  readonly joined: JoinedRows | undefined;

  constructor(id: number, options: TensorOptions) {
    this.id = id;
    this.name = options.name;
    this.shape = options.shape;
    this.role = options.inPlaceOf?.role ?? options.role;
    this.dtype = options.dtype ?? 'f32';
    this.format = options.format;
    this.inPlaceOf = options.inPlaceOf;
    this.requiresGrad = options.requiresGrad ?? false;
    this.joined = options.joined;
  }

  get elems(): number {
    return this.shape.reduce((product, size) => product * size, 1);
  }

  /** First dimension of a matrix. */
  get rows(): number {
    return this.shape[0] ?? 1;
  }

  /** Elements per row: the product of all dimensions but the first. */
  get cols(): number {
    return this.rows === 0 ? 0 : this.elems / this.rows;
  }

  /** The tensor whose storage this one uses. */
  get storage(): Tensor {
    return this.inPlaceOf === undefined ? this : this.inPlaceOf.storage;
  }

  toString(): string {
    return `${this.name}[${this.shape.join(', ')}]`;
  }
}

/** @throws `internal` when a tensor's shape is not what an op takes */
export function expectShape(op: string, name: string, tensor: Tensor, wanted: readonly number[]): void {
  if (tensor.shape.length !== wanted.length || tensor.shape.some((size, i) => size !== wanted[i])) {
    throw new WebLoraError('internal', `${op}: ${name} must be [${wanted.join(', ')}]`, { got: String(tensor) });
  }
}
