import { splitAttention as splitAttentionKernel } from '../../../kernels/split_attention/split_attention.ts';
import type { Op } from '../op.ts';
import type { Tensor } from '../tensor.ts';
import { shapeOf, type AttentionShape } from './attention.ts';

/** Attention of one token over the cache, in parts, with the rotation and the appending before it: what fusing makes of these. */
export interface SplitAttentionNode extends AttentionShape {
  readonly op: 'split_attention';
  /** [1, (H + 2 K)·D] */
  readonly qkv: Tensor;
  /** The rotation's tables, [positions, rotaryDim / 2]; none where nothing is rotated. */
  readonly cos?: Tensor | undefined;
  readonly sin?: Tensor | undefined;
  readonly slots: Tensor;
  readonly positions: Tensor;
  readonly cacheK: Tensor;
  readonly cacheV: Tensor;
  readonly parts: Tensor;
}

declare module '../op.ts' {
  interface FusedNodes {
    split_attention: SplitAttentionNode;
  }
}

export const splitAttentionOp: Op<SplitAttentionNode> = {
  // The caches outlive the graph and are no activations: that a node appends to them orders nothing.
  writes: ['parts'],
  lower(node, { launch }) {
    const { qkv, cos, sin, slots, positions, cacheK: cache_k, cacheV: cache_v, parts } = node;
    const maxPositions = cache_k.shape[1] ?? 0;
    const tables = cos && sin && { cos_table: cos, sin_table: sin };
    const shape = { ...shapeOf(node), rotaryDim: (cos?.cols ?? 0) * 2, maxPositions };
    launch(splitAttentionKernel(shape), { qkv, ...tables, slots, positions, cache_k, cache_v, parts });
  },
};
