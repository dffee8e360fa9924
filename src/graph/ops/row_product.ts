import {
  rowProduct as rowProductKernel,
  type RowInput,
  type RowOutput,
} from '../../../kernels/row_product/row_product.ts';
import type { Op } from '../op.ts';
import type { Tensor } from '../tensor.ts';
import { weightOperands } from './_lib/weight.ts';

/** y = a product of one row with what stands before and after it: what fusing makes of a norm, a linear layer and an add. */
export interface RowProductNode {
  readonly op: 'row_product';
  /** [1, I], or the parts of an attention */
  readonly x: Tensor;
  readonly input: RowInput;
  /** [I], of an input that is normalised */
  readonly norm?: Tensor | undefined;
  /** [O, I], or [2 O, I] where the output is gated */
  readonly weight: Tensor;
  readonly bias?: Tensor | undefined;
  readonly output: RowOutput;
  /** [1, O], of an output that is added to something */
  readonly added?: Tensor | undefined;
  /** [1, O] */
  readonly y: Tensor;
}

declare module '../op.ts' {
  interface FusedNodes {
    row_product: RowProductNode;
  }
}

export const rowProductOp: Op<RowProductNode> = {
  writes: ['y'],
  lower({ x, input, norm, weight, bias, output, added, y }, ctx) {
    for (const part of ctx.parts(weight)) {
      const launch = rowProductKernel({
        inFeatures: weight.cols,
        outFeatures: output === 'silu' || output === 'gelu_tanh' ? part.rows / 2 : part.rows,
        outOffset: part.firstRow,
        format: weight.format ?? 'f32',
        bias: bias !== undefined,
        input,
        output,
      });
      const others = { ...(bias && { bias }), ...(norm && { norm }), ...(added && { added }) };
      ctx.launch(launch, { x, y, ...weightOperands(weight, part), ...others });
    }
  },
};
