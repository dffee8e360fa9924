import { gatedActivationBackward, gatedActivationForward } from '../../../kernels/gated_activation/gated_activation.ts';
import type { ForwardOp, GraphBuilder, Op } from '../op.ts';
import { expectShape, type Tensor } from '../tensor.ts';

export interface GatedActivationNode {
  readonly op: 'gated_activation';
  readonly gate: Tensor;
  readonly up: Tensor;
  readonly act: 'silu' | 'gelu_tanh';
  readonly y: Tensor;
}

export interface GatedActivationBackwardNode {
  readonly op: 'gated_activation_backward';
  readonly gate: Tensor;
  readonly up: Tensor;
  readonly dy: Tensor;
  readonly act: 'silu' | 'gelu_tanh';
  readonly dgate: Tensor;
  readonly dup: Tensor;
}

declare module '../op.ts' {
  interface ForwardNodes {
    gated_activation: GatedActivationNode;
  }
  interface BackwardNodes {
    gated_activation_backward: GatedActivationBackwardNode;
  }
}

/** act(gate) · up, elementwise */
export function gatedActivation(g: GraphBuilder, gate: Tensor, up: Tensor, act: 'silu' | 'gelu_tanh'): Tensor {
  expectShape('gated_activation', 'up', up, gate.shape);
  return g.emit({ op: 'gated_activation', gate, up, act, y: g.activation('gated', gate.shape, [gate, up]) });
}

export const gatedActivationOp: ForwardOp<GatedActivationNode> = {
  writes: ['y'],
  gradient({ gate, up, act, y }, g, gradients) {
    const dy = gradients.of(y);
    if (dy === undefined || !(gate.requiresGrad || up.requiresGrad)) return;
    const [dgate, dup] = [gradients.assign(gate), gradients.assign(up)];
    g.push({ op: 'gated_activation_backward', gate, up, dy, act, dgate, dup });
  },
  lower({ gate, up, act, y }, { launch }) {
    launch(gatedActivationForward({ count: y.elems, act }), { gate, up, y });
  },
};

export const gatedActivationBackwardOp: Op<GatedActivationBackwardNode> = {
  writes: ['dgate', 'dup'],
  lower({ gate, up, dy, act, dgate, dup }, { launch }) {
    launch(gatedActivationBackward({ count: dy.elems, act }), { gate, up, dy, dgate, dup });
  },
};
