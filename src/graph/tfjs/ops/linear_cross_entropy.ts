import type { LinearCrossEntropyNode } from '../../ops/linear_cross_entropy.ts';
import { chunkedRowLosses, gatherRuns } from '../loss-head.ts';
import type { TfjsOp } from '../pass.ts';

export const linearCrossEntropy: TfjsOp<LinearCrossEntropyNode> = (node, pass) => {
  const { tf } = pass;
  const scored = gatherRuns(tf, pass.valueOf(node.x), pass.labelled(node.step, node.lossRows));
  const labels = pass.labelled(node.step, node.labels);
  const isTraining = pass.wordsOf(node.step)[3] !== 1;
  const head = { ...node, smoothing: isTraining ? node.smoothing : 0 };
  pass.set(node.nll, chunkedRowLosses(tf, scored, pass.valueOf(node.weight), labels, head));
};
