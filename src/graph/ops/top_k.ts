import { listsShape, topK as topKKernel } from '../../../kernels/top_k/top_k.ts';
import type { ForwardOp, GraphBuilder } from '../op.ts';
import type { Tensor } from '../tensor.ts';
import { noGradient } from './_lib/no-gradient.ts';

export interface TopKNode {
  readonly op: 'top_k';
  readonly logits: Tensor;
  readonly k: number;
  readonly values: Tensor;
  readonly indices: Tensor;
  readonly lse: Tensor;
}

declare module '../op.ts' {
  interface ForwardNodes {
    top_k: TopKNode;
  }
}

/**
 * The k largest of each row, descending, and the log of the whole row's sum of exponentials: logits [M, V] -> values f32
 * [M, k], indices u32 [M, k], lse f32 [M]. Inference only.
 */
export function topK(
  g: GraphBuilder,
  logits: Tensor,
  k: number,
  name = 'top',
): { values: Tensor; indices: Tensor; lse: Tensor } {
  const values = g.tensor({ name: `${name}.values`, shape: [logits.rows, k], role: 'result' });
  const indices = g.tensor({ name: `${name}.indices`, shape: [logits.rows, k], role: 'result', dtype: 'u32' });
  const lse = g.tensor({ name: `${name}.lse`, shape: [logits.rows], role: 'result' });
  g.push({ op: 'top_k', logits, k, values, indices, lse });
  return { values, indices, lse };
}

export const topKOp: ForwardOp<TopKNode> = {
  writes: ['values', 'indices', 'lse'],
  gradient: noGradient,
  lower({ logits, k, values, indices, lse }, { variant, launch, scratch }) {
    const args = { rows: logits.rows, vocab: logits.cols, k, variant };
    const lists = listsShape(args);
    const between = lists && {
      lists_0: scratch('top_k.lists_0', lists),
      lists_1: scratch('top_k.lists_1', lists),
    };
    for (const each of topKKernel(args)) launch(each, { logits, values, indices, lse, ...between });
  },
};
