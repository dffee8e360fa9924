import { add as addKernel, addInPlace } from '../../../kernels/add/add.ts';
import type { ForwardOp, GraphBuilder, Op } from '../op.ts';
import { expectShape, type Tensor } from '../tensor.ts';

export interface AddNode {
  readonly op: 'add';
  readonly a: Tensor;
  readonly b: Tensor;
  readonly y: Tensor;
}

/** dx = into + b, in place: what a tensor with several consumers needs. */
export interface AccumulateNode {
  readonly op: 'accumulate';
  readonly into: Tensor;
  readonly b: Tensor;
  readonly dx: Tensor;
}

declare module '../op.ts' {
  interface ForwardNodes {
    add: AddNode;
  }
  interface BackwardNodes {
    accumulate: AccumulateNode;
  }
}

/** a + b, of equal shapes */
export function add(g: GraphBuilder, a: Tensor, b: Tensor): Tensor {
  expectShape('add', 'b', b, a.shape);
  return g.emit({ op: 'add', a, b, y: g.activation('sum', a.shape, [a, b]) });
}

export const addOp: ForwardOp<AddNode> = {
  writes: ['y'],
  gradient({ a, b, y }, _, gradients) {
    const dy = gradients.of(y);
    if (dy === undefined) return;
    gradients.pass(a, dy);
    gradients.pass(b, dy);
  },
  lower({ a, b, y }, { launch }) {
    launch(addKernel({ count: a.elems }), { a, b, y });
  },
};

export const accumulateOp: Op<AccumulateNode> = {
  writes: ['dx'],
  lower({ b, dx }, { launch }) {
    launch(addInPlace({ count: b.elems }), { into: dx, b });
  },
};
