import type { LogitsNode } from '../../ops/logits.ts';
import { headLogits } from '../loss-head.ts';
import type { TfjsOp } from '../pass.ts';

export const logits: TfjsOp<LogitsNode> = (node, pass) => {
  pass.set(node.y, headLogits(pass.tf, pass.valueOf(node.x), pass.valueOf(node.weight), node));
};
