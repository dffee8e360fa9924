import { copyColumns } from '../../../kernels/copy_columns/copy_columns.ts';
import { WebLoraError } from '../../errors.ts';
import type { ForwardOp, GraphBuilder, Op } from '../op.ts';
import { expectShape, type Tensor } from '../tensor.ts';

/** The columns of x, cut into parts that cover all of them in order. */
export interface SplitColumnsNode {
  readonly op: 'split_columns';
  readonly x: Tensor;
  readonly parts: readonly Tensor[];
}

/** The parts side by side: split_columns the other way round. */
export interface JoinColumnsNode {
  readonly op: 'join_columns';
  readonly parts: readonly Tensor[];
  readonly dx: Tensor;
}

declare module '../op.ts' {
  interface ForwardNodes {
    split_columns: SplitColumnsNode;
  }
  interface BackwardNodes {
    join_columns: JoinColumnsNode;
  }
}

/** Cuts x [N, Σ widths] into parts [N, width] in order, as a fused projection's output is. */
export function splitColumns<const W extends readonly number[]>(
  g: GraphBuilder,
  x: Tensor,
  widths: W,
): { readonly [I in keyof W]: Tensor } {
  expectShape('split_columns', 'x', x, [x.rows, widths.reduce((sum, width) => sum + width, 0)]);
  const parts = widths.map((width) => g.activation('part', [x.rows, width], [x]));
  g.push({ op: 'split_columns', x, parts });
  return parts as { readonly [I in keyof W]: Tensor };
}

export const splitColumnsOp: ForwardOp<SplitColumnsNode> = {
  writes: ['parts'],
  gradient({ x, parts }, g, gradients) {
    const arrived = parts.map((part) => gradients.of(part)).filter((dy) => dy !== undefined);
    if (!x.requiresGrad || arrived.length === 0) return;
    // A part without a gradient would leave its columns of dx unwritten.
    if (arrived.length < parts.length)
      throw new WebLoraError('internal', `split_columns: a part of ${String(x)} is not used`);
    g.push({ op: 'join_columns', parts: arrived, dx: gradients.assign(x) });
  },
  lower({ x, parts }, { launch }) {
    for (const { part, whole, own } of columnsOf(parts, x))
      launch(copyColumns({ rows: x.rows, cols: part.cols, from: whole, to: own }), { x, y: part });
  },
};

export const joinColumnsOp: Op<JoinColumnsNode> = {
  writes: ['dx'],
  lower({ parts, dx }, { launch }) {
    for (const { part, whole, own } of columnsOf(parts, dx))
      launch(copyColumns({ rows: dx.rows, cols: part.cols, from: own, to: whole }), { x: part, y: dx });
  },
};

interface Columns {
  readonly stride: number;
  readonly offset: number;
}

/** Each part with where its columns lie in the whole and in itself. */
function columnsOf(parts: readonly Tensor[], { cols }: Tensor): { part: Tensor; whole: Columns; own: Columns }[] {
  let end = 0;
  return parts.map((part) => {
    const offset = end;
    end += part.cols;
    return { part, whole: { stride: cols, offset }, own: { stride: part.cols, offset: 0 } };
  });
}
