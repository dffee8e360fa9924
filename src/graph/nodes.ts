import { Tensor } from './tensor.ts';

export interface AttentionShape {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly scale: number;
  /** Keys further back than this many rows are not seen. */
  readonly window?: number;
  /** s <- cap * tanh(s / cap) */
  readonly softCap?: number;
}

/** Forward ops: what a model definition is made of. Every executor implements all of them. */
export type ForwardNode =
  | { op: 'embedding'; tokens: Tensor; table: Tensor; scale: number; y: Tensor }
  | { op: 'rms_norm'; x: Tensor; weight: Tensor; eps: number; weightOffset: number; rstd: Tensor; y: Tensor }
  | { op: 'layer_norm'; x: Tensor; weight: Tensor; bias: Tensor; eps: number; mean: Tensor; rstd: Tensor; y: Tensor }
  | {
      /** y = x·Wᵀ (+ bias) (+ loraScale · h·Bᵀ) with h = loraInput·Aᵀ. */
      op: 'linear';
      x: Tensor;
      weight: Tensor;
      bias?: Tensor;
      loraInput?: Tensor;
      loraA?: Tensor;
      loraB?: Tensor;
      loraScale: number;
      h?: Tensor;
      y: Tensor;
    }
  | {
      op: 'rotary';
      x: Tensor;
      positions: Tensor;
      cos: Tensor;
      sin: Tensor;
      heads: number;
      headDim: number;
      rotaryDim: number;
      inverse: boolean;
      y: Tensor;
    }
  | ({ op: 'attention'; q: Tensor; k: Tensor; v: Tensor; bounds: Tensor; lse: Tensor; y: Tensor } & AttentionShape)
  | ({
      op: 'cached_attention';
      q: Tensor;
      k: Tensor;
      v: Tensor;
      cacheK: Tensor;
      cacheV: Tensor;
      slots: Tensor;
      positions: Tensor;
      y: Tensor;
    } & AttentionShape)
  | { op: 'gated_activation'; gate: Tensor; up: Tensor; act: 'silu' | 'gelu_tanh'; y: Tensor }
  | { op: 'gelu'; x: Tensor; y: Tensor }
  | { op: 'add'; a: Tensor; b: Tensor; y: Tensor }
  /** The columns of x, cut into parts that cover all of them in order. */
  | { op: 'split_columns'; x: Tensor; parts: readonly Tensor[] }
  | { op: 'dropout'; x: Tensor; step: Tensor; p: number; nodeId: number; y: Tensor }
  | {
      /** nll[i] for the i-th labelled row; `saved[i]` is d nll[i] / d x[rows[i]], from the same pass. */
      op: 'linear_cross_entropy';
      x: Tensor;
      weight: Tensor;
      step: Tensor;
      lossRows: Tensor;
      labels: Tensor;
      logitScale: number;
      softCap: number;
      chunkRows: number;
      saved: Tensor;
      nll: Tensor;
    }
  | { op: 'gather_rows'; x: Tensor; step: Tensor; rows: Tensor; y: Tensor }
  | { op: 'logits'; x: Tensor; weight: Tensor; logitScale: number; softCap: number; y: Tensor }
  | { op: 'top_k'; logits: Tensor; k: number; values: Tensor; indices: Tensor; lse: Tensor };

/** Ops that only reverse mode emits. `into`, where given, is an existing gradient that the output adds to in place. */
export type BackwardNode =
  | {
      op: 'rms_norm_backward';
      x: Tensor;
      weight: Tensor;
      weightOffset: number;
      eps: number;
      dy: Tensor;
      rstd: Tensor;
      into?: Tensor;
      dx: Tensor;
    }
  | {
      op: 'layer_norm_backward';
      x: Tensor;
      weight: Tensor;
      eps: number;
      dy: Tensor;
      mean: Tensor;
      rstd: Tensor;
      into?: Tensor;
      dx: Tensor;
    }
  /** dx (+)= dy·W (+ dh·A) */
  | { op: 'linear_backward'; dy: Tensor; weight: Tensor; dh?: Tensor; loraA?: Tensor; into?: Tensor; dx: Tensor }
  /** dh = loraScale · dy·B */
  | { op: 'lora_up_backward'; dy: Tensor; loraB: Tensor; loraScale: number; dh: Tensor }
  /** dx (+)= dh·A, where the branch has an input of its own (dropout) */
  | { op: 'lora_down_backward'; dh: Tensor; loraA: Tensor; into?: Tensor; dx: Tensor }
  /** gradient (+)= scale · aᵀ·b; parameters always accumulate over the window */
  | { op: 'outer_product'; a: Tensor; b: Tensor; scale: number; gradient: Tensor }
  | ({ op: 'attention_stats'; o: Tensor; dy: Tensor; lse: Tensor; stats: Tensor } & AttentionShape)
  /** Without dq, or without dk and dv, where nothing before needs them. */
  | ({
      op: 'attention_backward';
      q: Tensor;
      k: Tensor;
      v: Tensor;
      dy: Tensor;
      stats: Tensor;
      bounds: Tensor;
      dq?: Tensor;
      dk?: Tensor;
      dv?: Tensor;
    } & AttentionShape)
  | {
      op: 'gated_activation_backward';
      gate: Tensor;
      up: Tensor;
      dy: Tensor;
      act: 'silu' | 'gelu_tanh';
      dgate: Tensor;
      dup: Tensor;
    }
  | { op: 'gelu_backward'; x: Tensor; dy: Tensor; dx: Tensor }
  | { op: 'dropout_backward'; dy: Tensor; step: Tensor; p: number; nodeId: number; into?: Tensor; dx: Tensor }
  /** The parts side by side: split_columns the other way round. */
  | { op: 'join_columns'; parts: readonly Tensor[]; dx: Tensor }
  | { op: 'accumulate'; into: Tensor; b: Tensor; dx: Tensor }
  | { op: 'loss_backward'; step: Tensor; lossRows: Tensor; dNll: Tensor; saved: Tensor; dx: Tensor };

export type GraphNode = ForwardNode | BackwardNode;
export type OpName = GraphNode['op'];

/** Fields that hold what a node writes; every other field of a Tensor or a list of them is read. Cached attention appends to its caches. */
const OUTPUTS: { readonly [Name in OpName]: readonly string[] } = {
  embedding: ['y'],
  rms_norm: ['rstd', 'y'],
  layer_norm: ['mean', 'rstd', 'y'],
  linear: ['h', 'y'],
  rotary: ['y'],
  attention: ['lse', 'y'],
  cached_attention: ['y'],
  gated_activation: ['y'],
  gelu: ['y'],
  add: ['y'],
  split_columns: ['parts'],
  dropout: ['y'],
  linear_cross_entropy: ['saved', 'nll'],
  gather_rows: ['y'],
  logits: ['y'],
  top_k: ['values', 'indices', 'lse'],
  rms_norm_backward: ['dx'],
  layer_norm_backward: ['dx'],
  linear_backward: ['dx'],
  lora_up_backward: ['dh'],
  lora_down_backward: ['dx'],
  outer_product: ['gradient'],
  attention_stats: ['stats'],
  attention_backward: ['dq', 'dk', 'dv'],
  gated_activation_backward: ['dgate', 'dup'],
  gelu_backward: ['dx'],
  dropout_backward: ['dx'],
  join_columns: ['dx'],
  accumulate: ['dx'],
  loss_backward: ['dx'],
};

export function readsOf(node: GraphNode): Tensor[] {
  return tensorFields(node, (field) => !OUTPUTS[node.op].includes(field));
}

export function writesOf(node: GraphNode): Tensor[] {
  return tensorFields(node, (field) => OUTPUTS[node.op].includes(field));
}

/** The same node over other tensors: what recomputation inside a checkpointed block is made of. */
export function mapTensors<N extends GraphNode>(node: N, map: (tensor: Tensor) => Tensor): N {
  return Object.fromEntries(
    Object.entries(node).map(([field, value]: [string, unknown]) => {
      if (value instanceof Tensor) return [field, map(value)];
      return [field, isTensors(value) ? value.map(map) : value];
    }),
  ) as N;
}

function tensorFields(node: GraphNode, keep: (field: string) => boolean): Tensor[] {
  return Object.entries(node).flatMap(([field, value]: [string, unknown]) => {
    if (!keep(field)) return [];
    return value instanceof Tensor ? [value] : isTensors(value) ? value : [];
  });
}

function isTensors(value: unknown): value is Tensor[] {
  return Array.isArray(value) && value.every((each) => each instanceof Tensor);
}
