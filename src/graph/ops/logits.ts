import { matmulNt, usesMatrices } from '../../../kernels/matmul_nt/matmul_nt.ts';
import type { LabelledRows } from '../labelled-rows.ts';
import type { ForwardOp, GraphBuilder, LowerContext } from '../op.ts';
import type { Tensor } from '../tensor.ts';
import { noGradient } from './_lib/no-gradient.ts';
import { halvesFor, inHalves, weightKernels, weightOperands } from './_lib/weight.ts';

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
    lowerHead(ctx, { x, weight, y, rows: x.rows, halves: halvesFor(ctx, weight, x.name, x) });
  },
};

/** y[:rows] = x·Wᵀ over the parts of the head; `halves` as of `halvesFor`. */
export function lowerHead(
  ctx: LowerContext,
  { x, weight, y, rows, halves }: { x: Tensor; weight: Tensor; y: Tensor; rows: number; halves: Tensor | undefined },
  labelled?: LabelledRows,
): void {
  const shape = { rows, inFeatures: x.cols, format: weight.format ?? 'f32', ...weightKernels(ctx, weight) };
  const input = halves && usesMatrices(shape) ? inHalves(ctx, x, halves, { rows, cols: x.cols }, labelled) : { x };
  for (const part of ctx.parts(weight)) {
    const launch = matmulNt({
      ...shape,
      outFeatures: part.rows,
      outStride: weight.rows,
      outOffset: part.firstRow,
      bias: false,
      rank: 0,
      loraScale: 0,
    });
    ctx.launch(launch, { ...input, y, ...weightOperands(weight, part) }, labelled);
  }
}
