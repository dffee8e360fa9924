import { dropout as dropoutKernel } from '../../../kernels/dropout/dropout.ts';
import type { ForwardOp, GraphBuilder, Op } from '../op.ts';
import type { Tensor } from '../tensor.ts';

export interface DropoutNode {
  readonly op: 'dropout';
  readonly x: Tensor;
  readonly step: Tensor;
  readonly p: number;
  readonly nodeId: number;
  readonly y: Tensor;
}

export interface DropoutBackwardNode {
  readonly op: 'dropout_backward';
  readonly dy: Tensor;
  readonly step: Tensor;
  readonly p: number;
  readonly nodeId: number;
  readonly into?: Tensor;
  readonly dx: Tensor;
}

declare module '../op.ts' {
  interface ForwardNodes {
    dropout: DropoutNode;
  }
  interface BackwardNodes {
    dropout_backward: DropoutBackwardNode;
  }
}

/** Inverted dropout whose mask depends on the step's seed, this node and the element alone. */
export function dropout(g: GraphBuilder, x: Tensor, step: Tensor, p: number): Tensor {
  return g.emit({ op: 'dropout', x, step, p, nodeId: g.nodes.length, y: g.activation('dropout', x.shape, [x]) });
}

export const dropoutOp: ForwardOp<DropoutNode> = {
  writes: ['y'],
  gradient({ x, step, p, nodeId, y }, g, gradients) {
    const dy = gradients.of(y);
    if (dy === undefined || !x.requiresGrad) return;
    g.push({ op: 'dropout_backward', dy, step, p, nodeId, ...gradients.add(x) });
  },
  lower({ x, step, p, nodeId, y }, { launch }) {
    launch(dropoutKernel({ count: x.elems, p, nodeId, accumulate: false }), { step, x, y });
  },
};

export const dropoutBackwardOp: Op<DropoutBackwardNode> = {
  writes: ['dx'],
  lower({ dy, step, p, nodeId, into, dx }, { launch }) {
    const accumulate = into !== undefined;
    launch(dropoutKernel({ count: dy.elems, p, nodeId, accumulate }), { step, x: dy, y: dx });
  },
};
