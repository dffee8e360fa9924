import type { ForwardNode } from '../op.ts';
import type { Tensor } from '../tensor.ts';
import type { Tf, TfTensor } from './library.ts';
import { tfjsOpOf } from './ops/index.ts';
import { Pass, type PassInputs } from './pass.ts';

/**
 * Computes forward nodes in order through ordinary tfjs ops, so that tfjs's own tape can differentiate them. `values`
 * has the frozen weights, parameters and tables, and gets every node's main output (what only the hand-written backward
 * saves, such as rstd and lse of attention, is not computed). Call it inside a tidy or a gradient function.
 */
export function runForward(
  tf: Tf,
  nodes: readonly ForwardNode[],
  values: Map<Tensor, TfTensor>,
  inputs: PassInputs,
): void {
  const pass = new Pass(tf, values, inputs);
  for (const node of nodes) tfjsOpOf(node)(node, pass);
}
