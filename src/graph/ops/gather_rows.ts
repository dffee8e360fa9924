import { gatherRows as gatherRowsKernel } from '../../../kernels/gather_rows/gather_rows.ts';
import type { ForwardOp, GraphBuilder } from '../op.ts';
import type { Tensor } from '../tensor.ts';
import { noGradient } from './_lib/no-gradient.ts';

export interface GatherRowsNode {
  readonly op: 'gather_rows';
  readonly x: Tensor;
  readonly step: Tensor;
  readonly rows: Tensor;
  readonly y: Tensor;
}

declare module '../op.ts' {
  interface ForwardNodes {
    gather_rows: GatherRowsNode;
  }
}

/** y[i] = x[rows[i]] for i below step[2]; x [N, C], rows [M] -> [M, C]. Inference only. */
export function gatherRows(g: GraphBuilder, x: Tensor, step: Tensor, rows: Tensor): Tensor {
  return g.emit({ op: 'gather_rows', x, step, rows, y: g.activation('gathered', [rows.rows, x.cols], []) });
}

export const gatherRowsOp: ForwardOp<GatherRowsNode> = {
  writes: ['y'],
  gradient: noGradient,
  lower({ x, step, rows, y: xg }, { launch }) {
    launch(gatherRowsKernel({ chunkRows: xg.rows, cols: x.cols, firstRow: 0 }), { step, rows, x, xg });
  },
};
