import { matmulNt } from '../../../kernels/matmul_nt/matmul_nt.ts';
import type { LabelledRows } from '../labelled-rows.ts';
import type { ForwardOp, GraphBuilder, LowerContext } from '../op.ts';
import type { Tensor } from '../tensor.ts';
import { noGradient } from './_lib/no-gradient.ts';
import { weightOperands, weightVariant } from './_lib/weight.ts';

export interface LogitsNode {
  readonly op: 'logits';
  readonly x: Tensor;
  readonly weight: Tensor;
  readonly logitScale: number;
  readonly softCap: number;
  readonly y: Tensor;
}

declare module '../op.ts' {
  interface ForwardNodes {
    logits: LogitsNode;
  }
}

/** x [M, C], weight [V, C] -> a result [M, V] for the host to sample from. Inference only. */
export function logits(
  g: GraphBuilder,
  x: Tensor,
  weight: Tensor,
  options: { readonly logitScale?: number; readonly softCap?: number } = {},
): Tensor {
  const y = g.tensor({ name: 'logits', shape: [x.rows, weight.rows], role: 'result' });
  const { logitScale = 1, softCap = 0 } = options;
  return g.emit({ op: 'logits', x, weight, logitScale, softCap, y });
}

export const logitsOp: ForwardOp<LogitsNode> = {
  writes: ['y'],
  gradient: noGradient,
  lower({ x, weight, y }, ctx) {
    lowerHead(ctx, { x, weight, y, rows: x.rows });
  },
};

/** y[:rows] = x·Wᵀ over the parts of the head. */
export function lowerHead(
  ctx: LowerContext,
  { x, weight, y, rows }: { x: Tensor; weight: Tensor; y: Tensor; rows: number },
  labelled?: LabelledRows,
): void {
  for (const part of ctx.parts(weight)) {
    const launch = matmulNt({
      rows,
      inFeatures: x.cols,
      outFeatures: part.rows,
      outStride: weight.rows,
      outOffset: part.firstRow,
      format: weight.format ?? 'f32',
      bias: false,
      rank: 0,
      loraScale: 0,
      variant: weightVariant(ctx, weight),
    });
    ctx.launch(launch, { x, y, ...weightOperands(weight, part) }, labelled);
  }
}
