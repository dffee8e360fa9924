import type { KernelVariant, SubgroupMatrices } from '../gpu/device-profile.ts';
import type { Launch } from '../gpu/kernel.ts';
import type { LabelledRows } from './labelled-rows.ts';
import type { Operands, WeightPart } from './operand.ts';
import type { Tensor, TensorOptions } from './tensor.ts';

/**
 * The nodes that a model is made of, by op. Each file of ops/ declares its own here, so that this file knows none of them
 * and the tables of ops/index.ts and tfjs/ops/index.ts do not compile without it.
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- filled by declaration merging
export interface ForwardNodes {}
/** The nodes that only gradients emit, by op; declared in the same way. */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- filled by declaration merging
export interface BackwardNodes {}
/** The nodes that only fusing others makes (fuse.ts), by op; declared in the same way. */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- filled by declaration merging
export interface FusedNodes {}

export type ForwardNode = ForwardNodes[keyof ForwardNodes];
export type GraphNode = ForwardNode | BackwardNodes[keyof BackwardNodes] | FusedNodes[keyof FusedNodes];

/** What an op's constructor and its gradient do to a graph. */
export interface GraphBuilder {
  readonly nodes: readonly GraphNode[];
  tensor(options: TensorOptions): Tensor;
  /** An intermediate, which requires a gradient if one of `from` does. */
  activation(name: string, shape: readonly number[], from: readonly Tensor[]): Tensor;
  /** A tensor that overwrites another. */
  inPlace(name: string, of: Tensor): Tensor;
  push(node: GraphNode): void;
  /** Pushes a node that is computed once for all steps until parameters change; it writes `derived` tensors. */
  pushPerUpdate(node: ForwardNode): void;
  /** Pushes a node and returns its output. */
  emit(node: Extract<ForwardNode, { y: Tensor }>): Tensor;
}

/** The gradients of a backward pass, as one op's `gradient` sees them: of loss with respect to each tensor. */
export interface Gradients {
  /** The gradient that the consumers of a tensor have passed back; undefined: none, so nothing needs to be passed on. */
  of(tensor: Tensor): Tensor | undefined;
  /** A fresh gradient of x, for a node that cannot add. @throws `internal` when another consumer has passed one back */
  assign(x: Tensor): Tensor;
  /** A fresh gradient of x, or, with `into`, one that overwrites what is there and must add to it. */
  add(x: Tensor): { into?: Tensor; dx: Tensor };
  /** Makes dy the gradient of x as it is, or adds it to what is there; nothing where x requires none. */
  pass(x: Tensor, dy: Tensor): void;
  /** The gradient of x, computed in place of dy. */
  overwrite(x: Tensor, dy: Tensor): Tensor;
  /** Where a parameter's gradient is summed over an optimizer step's micro-batches: a node always adds to it. */
  sumOf(param: Tensor): Tensor;
}

/** What lowering a node may use and do. */
export interface LowerContext {
  readonly variant: KernelVariant;
  /** Products with a frozen weight go through these. */
  readonly matrices: SubgroupMatrices | undefined;
  readonly parts: (weight: Tensor) => readonly WeightPart[];
  /** Adds a dispatch; `operands` maps each of the launch's operand names, `rows` are the labelled ones it is for. */
  readonly launch: (launch: Launch, operands: Operands, rows?: LabelledRows) => void;
  /** An arena tensor that lives only as long as this node's dispatches. */
  readonly scratch: (name: string, shape: readonly number[]) => Tensor;
}

/** Fields of a node that hold a tensor or a list of them. */
type TensorField<N> = {
  [Field in keyof N]-?: NonNullable<N[Field]> extends Tensor | readonly Tensor[] ? Field & string : never;
}[keyof N];

/** What the planner knows of an op. */
export interface Op<N> {
  /** Fields that hold what a node writes; the tensors of its other fields are read. */
  readonly writes: readonly TensorField<N>[];
  /** Turns a node into dispatches. What a kernel needs to know about split weights happens here. */
  lower(node: N, ctx: LowerContext): void;
}

/** An op that models use. */
export interface ForwardOp<N> extends Op<N> {
  /** Emits the nodes that pass the gradient of a node's output back to its inputs. */
  gradient(node: N, g: GraphBuilder, gradients: Gradients): void;
}
