import type { TopKNode } from '../../ops/top_k.ts';
import type { TfjsOp } from '../pass.ts';

export const topK: TfjsOp<TopKNode> = (node, pass) => {
  const logits = pass.valueOf(node.logits);
  const top = pass.tf.topk(logits, node.k, true);
  pass.set(node.values, top.values);
  pass.set(node.indices, top.indices);
  pass.set(node.lse, pass.tf.logSumExp(logits, 1));
};
