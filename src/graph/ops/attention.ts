import {
  attentionBackward,
  attentionDelta,
  attentionForward,
  headsShape,
  pDsShape,
} from '../../../kernels/attention/attention.ts';
import { WebLoraError } from '../../errors.ts';
import type { ForwardOp, GraphBuilder, Op } from '../op.ts';
import { expectShape, type Tensor } from '../tensor.ts';

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

export interface AttentionNode extends AttentionShape {
  readonly op: 'attention';
  readonly q: Tensor;
  readonly k: Tensor;
  readonly v: Tensor;
  readonly bounds: Tensor;
  readonly lse: Tensor;
  readonly y: Tensor;
}

/** lseDelta = (lse, delta) with delta = Σ_d o·dy of each row and head, as Dao 2023, arXiv:2307.08691, names them. */
export interface AttentionDeltaNode extends AttentionShape {
  readonly op: 'attention_delta';
  readonly o: Tensor;
  readonly dy: Tensor;
  readonly lse: Tensor;
  readonly lseDelta: Tensor;
}

/** Without dq, or without dk and dv, where nothing before needs them. */
export interface AttentionBackwardNode extends AttentionShape {
  readonly op: 'attention_backward';
  readonly q: Tensor;
  readonly k: Tensor;
  readonly v: Tensor;
  readonly dy: Tensor;
  readonly lseDelta: Tensor;
  readonly bounds: Tensor;
  readonly dq?: Tensor;
  readonly dk?: Tensor;
  readonly dv?: Tensor;
}

declare module '../op.ts' {
  interface ForwardNodes {
    attention: AttentionNode;
  }
  interface BackwardNodes {
    attention_delta: AttentionDeltaNode;
    attention_backward: AttentionBackwardNode;
  }
}

/** Causal grouped-query attention inside each segment; q [N, H·D], k and v [N, K·D] -> [N, H·D]. */
export function attention(
  g: GraphBuilder,
  q: Tensor,
  k: Tensor,
  v: Tensor,
  bounds: Tensor,
  shape: AttentionShape,
): Tensor {
  expectHeads(q, k, v, shape);
  const lse = g.activation('lse', [q.rows, shape.heads], []);
  const y = g.activation('attention', q.shape, [q, k, v]);
  return g.emit({ op: 'attention', q, k, v, bounds, lse, y, ...shape });
}

/** @throws `bad-model` when heads cannot be grouped, `internal` when the tensors have other shapes */
export function expectHeads(q: Tensor, k: Tensor, v: Tensor, { heads, kvHeads, headDim }: AttentionShape): void {
  if (heads % kvHeads !== 0)
    throw new WebLoraError('bad-model', `attention: ${heads} heads must be a multiple of ${kvHeads} key-value heads`);
  expectShape('attention', 'q', q, [q.rows, heads * headDim]);
  expectShape('attention', 'k', k, [q.rows, kvHeads * headDim]);
  expectShape('attention', 'v', v, [q.rows, kvHeads * headDim]);
}

export const attentionOp: ForwardOp<AttentionNode> = {
  writes: ['lse', 'y'],
  gradient(node, g, gradients) {
    const { q, k, v, bounds, lse, y } = node;
    const dy = gradients.of(y);
    if (dy === undefined) return;
    const shape = shapeOf(node);
    const lseDelta = g.activation('attention.lse_delta', [q.rows, shape.heads, 2], []);
    g.push({ op: 'attention_delta', o: y, dy, lse, lseDelta, ...shape });
    const wanted = {
      ...(q.requiresGrad && { dq: gradients.assign(q) }),
      ...((k.requiresGrad || v.requiresGrad) && { dk: gradients.assign(k), dv: gradients.assign(v) }),
    };
    g.push({ op: 'attention_backward', q, k, v, dy, lseDelta, bounds, ...wanted, ...shape });
  },
  lower(node, { variant, launch }) {
    const { q, k, v, bounds, lse, y: o } = node;
    launch(attentionForward({ rows: q.rows, ...shapeOf(node), variant }), { q, k, v, bounds, o, lse });
  },
};

export const attentionDeltaOp: Op<AttentionDeltaNode> = {
  writes: ['lseDelta'],
  lower(node, { launch }) {
    const { o, dy, lse, lseDelta: lse_delta } = node;
    launch(attentionDelta({ rows: o.rows, ...shapeOf(node) }), { o, dy, lse, lse_delta });
  },
};

export const attentionBackwardOp: Op<AttentionBackwardNode> = {
  writes: ['dq', 'dk', 'dv'],
  lower(node, { variant, launch, scratch }) {
    const { q, k, v, dy, lseDelta: lse_delta, bounds, dq, dk, dv } = node;
    const gradients = { q: dq !== undefined, kv: dk !== undefined };
    const args = { rows: q.rows, ...shapeOf(node), variant, gradients };
    const tile = pDsShape(args);
    const perHead = dk === undefined ? undefined : headsShape(args);
    const operands = {
      ...{ q, k, v, dy, lse_delta, bounds },
      ...{ ...(dq && { dq }), ...(dk && { dk }), ...(dv && { dv }) },
      ...(tile && { p_ds: scratch('attention.p_ds', tile) }),
      ...(perHead && { dk_heads: scratch('attention.dk', perHead), dv_heads: scratch('attention.dv', perHead) }),
    };
    for (const each of attentionBackward(args)) launch(each, operands);
  },
};

/** The shape alone, out of a node. */
export function shapeOf({ heads, kvHeads, headDim, scale, window, softCap }: AttentionShape): AttentionShape {
  return {
    heads,
    kvHeads,
    headDim,
    scale,
    ...(window !== undefined && { window }),
    ...(softCap !== undefined && { softCap }),
  };
}
