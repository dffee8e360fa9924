import { cachedAttention as cachedAttentionKernel } from '../../../kernels/cached_attention/cached_attention.ts';
import { kvWrite } from '../../../kernels/kv_write/kv_write.ts';
import type { ForwardOp, GraphBuilder } from '../op.ts';
import type { Tensor } from '../tensor.ts';
import { noGradient } from './_lib/no-gradient.ts';
import { expectHeads, shapeOf, type AttentionShape } from './attention.ts';

export interface CachedAttentionNode extends AttentionShape {
  readonly op: 'cached_attention';
  readonly q: Tensor;
  readonly k: Tensor;
  readonly v: Tensor;
  readonly cacheK: Tensor;
  readonly cacheV: Tensor;
  readonly slots: Tensor;
  readonly positions: Tensor;
  readonly y: Tensor;
}

declare module '../op.ts' {
  interface ForwardNodes {
    cached_attention: CachedAttentionNode;
  }
}

/**
 * Appends k and v to the caches at (slot, position) of each row, then attends over the slot's past. Inference only.
 * q [N, H·D], k and v [N, K·D], caches [slots, positions, K·D] -> [N, H·D].
 */
export function cachedAttention(
  g: GraphBuilder,
  q: Tensor,
  k: Tensor,
  v: Tensor,
  cache: { readonly k: Tensor; readonly v: Tensor },
  at: { readonly slots: Tensor; readonly positions: Tensor },
  shape: AttentionShape,
): Tensor {
  expectHeads(q, k, v, shape);
  const y = g.activation('attention', q.shape, []);
  return g.emit({ op: 'cached_attention', q, k, v, cacheK: cache.k, cacheV: cache.v, ...at, y, ...shape });
}

export const cachedAttentionOp: ForwardOp<CachedAttentionNode> = {
  // The caches outlive the graph and are no activations: that a node appends to them orders nothing.
  writes: ['y'],
  gradient: noGradient,
  lower(node, { variant, launch }) {
    const { q, k, v, cacheK: cache_k, cacheV: cache_v, slots, positions, y: o, kvHeads, headDim } = node;
    const maxPositions = cache_k.shape[1] ?? 0;
    launch(kvWrite({ rows: k.rows, kvHeads, headDim, maxPositions }), { k, v, slots, positions, cache_k, cache_v });
    launch(cachedAttentionKernel({ rows: q.rows, ...shapeOf(node), maxPositions, variant }), {
      q,
      cache_k,
      cache_v,
      slots,
      positions,
      o,
    });
  },
};
