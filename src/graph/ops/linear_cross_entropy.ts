import { gatherRows, scatterRows, scatterScaled, zeroRows } from '../../../kernels/gather_rows/gather_rows.ts';
import { crossEntropyRows } from '../../../kernels/linear_cross_entropy/linear_cross_entropy.ts';
import { matmulNn } from '../../../kernels/matmul_nn/matmul_nn.ts';
import type { ForwardOp, GraphBuilder, Op } from '../op.ts';
import type { Tensor } from '../tensor.ts';
import { weightOperands, weightVariant } from './_lib/weight.ts';
import { lowerHead } from './logits.ts';

/** nll[i] for the i-th labelled row; `saved[i]` is d nll[i] / d x[rows[i]], from the same pass. */
export interface LinearCrossEntropyNode {
  readonly op: 'linear_cross_entropy';
  readonly x: Tensor;
  readonly weight: Tensor;
  readonly step: Tensor;
  readonly lossRows: Tensor;
  readonly labels: Tensor;
  readonly logitScale: number;
  readonly softCap: number;
  readonly chunkRows: number;
  readonly saved: Tensor;
  readonly nll: Tensor;
}

/** dx[lossRows[i]] = dNll[i] · saved[i], 0 in all other rows. */
export interface LossBackwardNode {
  readonly op: 'loss_backward';
  readonly step: Tensor;
  readonly lossRows: Tensor;
  readonly dNll: Tensor;
  readonly saved: Tensor;
  readonly dx: Tensor;
}

declare module '../op.ts' {
  interface ForwardNodes {
    linear_cross_entropy: LinearCrossEntropyNode;
  }
  interface BackwardNodes {
    loss_backward: LossBackwardNode;
  }
}

/**
 * Per-row negative log likelihood of `labels` under the frozen head: x [N, C], weight [V, C] -> nll [N]. Only the first step[2]
 * entries are computed, for rows lossRows[i].
 */
export function linearCrossEntropy(
  g: GraphBuilder,
  x: Tensor,
  weight: Tensor,
  inputs: { readonly step: Tensor; readonly lossRows: Tensor; readonly labels: Tensor },
  options: { readonly chunkRows: number; readonly logitScale?: number; readonly softCap?: number },
): Tensor {
  const saved = g.activation('loss.saved', x.shape, []);
  const nll = g.tensor({ name: 'nll', shape: [x.rows], role: 'result', requiresGrad: x.requiresGrad });
  const { step, lossRows, labels } = inputs;
  const { chunkRows, logitScale = 1, softCap = 0 } = options;
  const head = { logitScale, softCap, chunkRows };
  g.push({ op: 'linear_cross_entropy', x, weight, step, lossRows, labels, ...head, saved, nll });
  return nll;
}

export const linearCrossEntropyOp: ForwardOp<LinearCrossEntropyNode> = {
  writes: ['saved', 'nll'],
  gradient({ x, step, lossRows, saved, nll }, g, gradients) {
    const dNll = gradients.of(nll);
    if (dNll === undefined || !x.requiresGrad) return;
    g.push({ op: 'loss_backward', step, lossRows, dNll, saved, dx: gradients.assign(x) });
  },
  /** Chunk by chunk: gather labelled rows, logits, their losses and gradient in place, and back through the head. */
  lower(node, ctx) {
    const { x, weight, step, lossRows: rows, labels, logitScale, softCap, saved, nll } = node;
    const { variant } = ctx;
    const chunkRows = Math.min(node.chunkRows, x.rows);
    const xg = ctx.scratch('loss.x', [chunkRows, x.cols]);
    const logits = ctx.scratch('loss.logits', [chunkRows, weight.rows]);
    const dxg = ctx.scratch('loss.dx', [chunkRows, x.cols]);
    for (let firstRow = 0; firstRow < x.rows; firstRow += chunkRows) {
      const chunk = Math.min(chunkRows, x.rows - firstRow);
      const shape = { chunkRows: chunk, cols: x.cols, firstRow };
      ctx.launch(gatherRows(shape), { step, rows, x, xg }, firstRow);
      lowerHead(ctx, { x: xg, weight, y: logits, rows: chunk }, firstRow);
      const loss = { chunkRows: chunk, vocab: weight.rows, firstRow, logitScale, softCap, gradient: true, variant };
      ctx.launch(crossEntropyRows(loss), { step, labels, logits, nll }, firstRow);
      ctx.parts(weight).forEach((part, index) => {
        const launch = matmulNn({
          rows: chunk,
          outFeatures: part.rows,
          inFeatures: x.cols,
          dyStride: weight.rows,
          dyOffset: part.firstRow,
          format: weight.format ?? 'f32',
          rank: 0,
          loraScale: 0,
          accumulate: index > 0,
          variant: weightVariant(ctx, weight),
        });
        ctx.launch(launch, { dy: logits, dx: dxg, ...weightOperands(weight, part) }, firstRow);
      });
      ctx.launch(scatterRows(shape), { step, rows, dxg, dx: saved }, firstRow);
    }
  },
};

export const lossBackwardOp: Op<LossBackwardNode> = {
  writes: ['dx'],
  lower({ step, lossRows: rows, dNll: d_nll, saved: dxg, dx }, { launch }) {
    launch(zeroRows({ rows: dx.rows, cols: dx.cols }), { dx });
    const shape = { chunkRows: dx.rows, cols: dx.cols, firstRow: 0 };
    launch(scatterScaled({ ...shape, source: 'full' }), { step, rows, d_nll, dxg, dx });
  },
};
