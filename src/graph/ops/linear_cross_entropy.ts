import { gatherRows, scatterRows, scatterScaled, zeroRows } from '../../../kernels/gather_rows/gather_rows.ts';
import {
  crossEntropyRows,
  crossEntropySlice,
  finishLoss,
  smoothLoss,
  STATE_WORDS,
} from '../../../kernels/linear_cross_entropy/linear_cross_entropy.ts';
import { matmulNn, usesMatrices as nnUsesMatrices } from '../../../kernels/matmul_nn/matmul_nn.ts';
import { matmulNt, usesMatrices as ntUsesMatrices } from '../../../kernels/matmul_nt/matmul_nt.ts';
import { WebLoraError } from '../../errors.ts';
import type { ForwardOp, GraphBuilder, LowerContext, Op } from '../op.ts';
import { partOf, type WeightPart } from '../operand.ts';
import type { Tensor } from '../tensor.ts';
import { halvesFor, inHalves, weightKernels, weightOperands } from './_lib/weight.ts';
import { columnMean } from './column_mean.ts';
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
  /** Labelled rows at a time. */
  readonly chunkRows: number;
  /** Columns of the vocabulary at a time, a multiple of 64; undefined: all. */
  readonly sliceColumns?: number;
  /** Share of a label's probability that is spread over the vocabulary in training. */
  readonly smoothing: number;
  /** The mean row of `weight`; with smoothing only. */
  readonly mean?: Tensor;
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

/** How much of the loss head is computed at a time. */
export type LossChunks = Pick<LinearCrossEntropyNode, 'chunkRows' | 'sliceColumns'>;

/**
 * Per-row negative log likelihood of `labels` under the frozen head: x [N, C], weight [V, C] -> nll [N]. Only the first step[2]
 * entries are computed, for rows lossRows[i].
 * @param options.smoothing label smoothing, in training only (Szegedy et al. 2016, arXiv:1512.00567); not with a soft cap
 */
export function linearCrossEntropy(
  g: GraphBuilder,
  x: Tensor,
  weight: Tensor,
  inputs: { readonly step: Tensor; readonly lossRows: Tensor; readonly labels: Tensor },
  options: LossChunks & { readonly logitScale?: number; readonly softCap?: number; readonly smoothing?: number },
): Tensor {
  const saved = g.activation('loss.saved', x.shape, []);
  const nll = g.tensor({ name: 'nll', shape: [x.rows], role: 'result', requiresGrad: x.requiresGrad });
  const { step, lossRows, labels } = inputs;
  const { chunkRows, sliceColumns, logitScale = 1, softCap = 0, smoothing = 0 } = options;
  if (smoothing > 0 && softCap > 0)
    throw new WebLoraError('internal', 'linear_cross_entropy: label smoothing of capped logits');
  const head = { logitScale, softCap, chunkRows, smoothing, ...(sliceColumns !== undefined && { sliceColumns }) };
  const mean = smoothing > 0 ? columnMean(g, weight) : undefined;
  g.push({ op: 'linear_cross_entropy', x, weight, step, lossRows, labels, ...head, ...(mean && { mean }), saved, nll });
  return nll;
}

export const linearCrossEntropyOp: ForwardOp<LinearCrossEntropyNode> = {
  writes: ['saved', 'nll'],
  gradient({ x, step, lossRows, saved, nll }, g, gradients) {
    const dNll = gradients.of(nll);
    if (dNll === undefined || !x.requiresGrad) return;
    g.push({ op: 'loss_backward', step, lossRows, dNll, saved, dx: gradients.assign(x) });
  },
  lower(node, ctx) {
    if (node.sliceColumns === undefined) lowerRows(node, ctx);
    else lowerSlices(node, ctx, node.sliceColumns);
    if (node.mean !== undefined) lowerSmoothing(node, node.mean, ctx);
  },
};

/** Where a chunk's rows, and gradients of its logits, lie in halves. */
function lossHalves(
  ctx: LowerContext,
  weight: Tensor,
  rows: number,
  columns: number,
): { readonly xHalves: Tensor | undefined; readonly dyHalves: Tensor | undefined } {
  return {
    xHalves: halvesFor(ctx, weight, 'loss.x', { rows, cols: weight.cols }),
    dyHalves: halvesFor(ctx, weight, 'loss.logits', { rows, cols: columns }),
  };
}

/** Chunk by chunk: gather labelled rows, logits, their losses and gradient in place, and back through the head. */
function lowerRows(node: LinearCrossEntropyNode, ctx: LowerContext): void {
  const { x, weight, step, lossRows: rows, labels, logitScale, softCap, saved, nll } = node;
  const { variant } = ctx;
  const chunkRows = Math.min(node.chunkRows, x.rows);
  const xg = ctx.scratch('loss.x', [chunkRows, x.cols]);
  const logits = ctx.scratch('loss.logits', [chunkRows, weight.rows]);
  const dxg = ctx.scratch('loss.dx', [chunkRows, x.cols]);
  const { xHalves, dyHalves } = lossHalves(
    ctx,
    weight,
    chunkRows,
    Math.max(...ctx.parts(weight).map((part) => part.rows)),
  );
  for (let firstRow = 0; firstRow < x.rows; firstRow += chunkRows) {
    const chunk = Math.min(chunkRows, x.rows - firstRow);
    const labelled = { first: firstRow, count: chunk };
    const shape = { chunkRows: chunk, cols: x.cols, firstRow };
    ctx.launch(gatherRows(shape), { step, rows, x, xg }, labelled);
    lowerHead(ctx, { x: xg, weight, y: logits, rows: chunk, halves: xHalves }, labelled);
    const loss = { chunkRows: chunk, vocab: weight.rows, firstRow, logitScale, softCap, gradient: true, variant };
    ctx.launch(crossEntropyRows(loss), { step, labels, logits, nll }, labelled);
    ctx.parts(weight).forEach((part, index) => {
      const args = {
        rows: chunk,
        outFeatures: part.rows,
        inFeatures: x.cols,
        dyStride: weight.rows,
        dyOffset: part.firstRow,
        format: weight.format ?? 'f32',
        rank: 0,
        loraScale: 0,
        accumulate: index > 0,
        ...weightKernels(ctx, weight),
      };
      const columns = { rows: chunk, cols: part.rows, offset: part.firstRow };
      const input =
        dyHalves && nnUsesMatrices(args) ? inHalves(ctx, logits, dyHalves, columns, labelled) : { dy: logits };
      ctx.launch(matmulNn(args), { ...input, dx: dxg, ...weightOperands(weight, part) }, labelled);
    });
    ctx.launch(scatterRows(shape), { step, rows, dxg, dx: saved }, labelled);
  }
}

/**
 * All labelled rows at once, or a large chunk of them, by slices of the vocabulary, so that no product is small and logits
 * exist for one slice only. The softmax is computed online: what is summed up so far is scaled when a row's maximum moves.
 */
function lowerSlices(node: LinearCrossEntropyNode, ctx: LowerContext, sliceColumns: number): void {
  const { x, weight, step, lossRows: rows, labels, logitScale, softCap, saved, nll } = node;
  const chunkRows = Math.min(node.chunkRows, x.rows);
  const slices = ctx.parts(weight).flatMap((part) => slicesOf(part, sliceColumns));
  const widest = Math.max(...slices.map((slice) => slice.rows));
  const xg = ctx.scratch('loss.x', [chunkRows, x.cols]);
  const logits = ctx.scratch('loss.logits', [chunkRows, widest]);
  const dxg = ctx.scratch('loss.dx', [chunkRows, x.cols]);
  const state = ctx.scratch('loss.state', [chunkRows, STATE_WORDS]);
  const keep = ctx.scratch('loss.keep', [chunkRows]);
  const { xHalves, dyHalves } = lossHalves(ctx, weight, chunkRows, widest);
  const kernels = weightKernels(ctx, weight);
  const format = weight.format ?? 'f32';
  for (let firstRow = 0; firstRow < x.rows; firstRow += chunkRows) {
    const chunk = Math.min(chunkRows, x.rows - firstRow);
    const labelled = { first: firstRow, count: chunk };
    ctx.launch(gatherRows({ chunkRows: chunk, cols: x.cols, firstRow }), { step, rows, x, xg }, labelled);
    const products = { rows: chunk, inFeatures: x.cols, format, rank: 0, loraScale: 0, ...kernels };
    const input =
      xHalves && ntUsesMatrices(products)
        ? inHalves(ctx, xg, xHalves, { rows: chunk, cols: x.cols }, labelled)
        : { x: xg };
    slices.forEach((slice, index) => {
      const shape = { ...products, outFeatures: slice.rows };
      const w = weightOperands(weight, slice);
      const forward = matmulNt({ ...shape, outStride: slice.rows, outOffset: 0, bias: false });
      ctx.launch(forward, { ...input, y: logits, ...w }, labelled);
      const loss = crossEntropySlice({
        ...{ chunkRows: chunk, vocab: slice.rows, firstRow, logitScale, softCap },
        ...{ firstColumn: slice.firstRow, isLast: index === slices.length - 1 },
      });
      ctx.launch(loss, { step, labels, logits, nll, state, keep }, labelled);
      const isAdded = index > 0;
      const back = matmulNn({ ...shape, dyStride: slice.rows, dyOffset: 0, accumulate: isAdded, keep: isAdded });
      const dy =
        dyHalves && nnUsesMatrices(shape)
          ? inHalves(ctx, logits, dyHalves, { rows: chunk, cols: slice.rows, stride: slice.rows }, labelled)
          : { dy: logits };
      ctx.launch(back, { ...dy, dx: dxg, ...w, ...(isAdded && { keep }) }, labelled);
    });
    for (const part of ctx.parts(weight)) {
      const shape = { chunkRows: chunk, cols: x.cols, firstRow, rowOffset: part.firstRow, partRows: part.rows, format };
      const operands = { step, rows, labels, state, dxg, dx: saved, ...weightOperands(weight, part) };
      ctx.launch(finishLoss(shape), operands, labelled);
    }
  }
}

/** Losses and gradients of the whole head are there: the rest of smoothing is linear in the head's rows. */
function lowerSmoothing(node: LinearCrossEntropyNode, mean: Tensor, ctx: LowerContext): void {
  const { x, weight, step, lossRows: rows, labels, logitScale, smoothing, saved, nll } = node;
  for (const part of ctx.parts(weight)) {
    const shape = { rows: x.rows, cols: x.cols, rowOffset: part.firstRow, partRows: part.rows };
    const args = { ...shape, format: weight.format ?? 'f32', factor: smoothing * logitScale };
    const operands = { step, rows, labels, mean, ...weightOperands(weight, part) };
    ctx.launch(smoothLoss('losses', args), { ...operands, x, nll });
    ctx.launch(smoothLoss('gradients', args), { ...operands, dx: saved });
  }
}

function slicesOf(part: WeightPart, columns: number): WeightPart[] {
  return Array.from({ length: Math.ceil(part.rows / columns) }, (_, index) =>
    partOf(part, index * columns, Math.min(columns, part.rows - index * columns)),
  );
}

export const lossBackwardOp: Op<LossBackwardNode> = {
  writes: ['dx'],
  lower({ step, lossRows: rows, dNll: d_nll, saved: dxg, dx }, { launch }) {
    launch(zeroRows({ rows: dx.rows, cols: dx.cols }), { dx });
    const shape = { chunkRows: dx.rows, cols: dx.cols, firstRow: 0 };
    launch(scatterScaled({ ...shape, source: 'full' }), { step, rows, d_nll, dxg, dx });
  },
};
