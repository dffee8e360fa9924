import { geluBackward, geluForward } from '../../../kernels/gated_activation/gated_activation.ts';
import type { ForwardOp, GraphBuilder, Op } from '../op.ts';
import type { Tensor } from '../tensor.ts';

export interface GeluNode {
  readonly op: 'gelu';
  readonly x: Tensor;
  readonly y: Tensor;
}

export interface GeluBackwardNode {
  readonly op: 'gelu_backward';
  readonly x: Tensor;
  readonly dy: Tensor;
  readonly dx: Tensor;
}

declare module '../op.ts' {
  interface ForwardNodes {
    gelu: GeluNode;
  }
  interface BackwardNodes {
    gelu_backward: GeluBackwardNode;
  }
}

/** GELU in its tanh form, elementwise. Hendrycks & Gimpel 2016, arXiv:1606.08415. */
export function gelu(g: GraphBuilder, x: Tensor): Tensor {
  return g.emit({ op: 'gelu', x, y: g.activation('gelu', x.shape, [x]) });
}

export const geluOp: ForwardOp<GeluNode> = {
  writes: ['y'],
  gradient({ x, y }, g, gradients) {
    const dy = gradients.of(y);
    if (dy === undefined || !x.requiresGrad) return;
    g.push({ op: 'gelu_backward', x, dy, dx: gradients.assign(x) });
  },
  lower({ x, y }, { launch }) {
    launch(geluForward({ count: x.elems }), { x, y });
  },
};

export const geluBackwardOp: Op<GeluBackwardNode> = {
  writes: ['dx'],
  lower({ x, dy, dx }, { launch }) {
    launch(geluBackward({ count: x.elems }), { x, dy, dx });
  },
};
