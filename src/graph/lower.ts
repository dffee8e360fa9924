import { scaleWordsPerRow } from '../formats/quantize.ts';
import { crossEntropyRows } from '../../kernels/linear_cross_entropy/linear_cross_entropy.ts';
import { gatherRows, scatterRows, scatterScaled, zeroRows } from '../../kernels/gather_rows/gather_rows.ts';
import { embedding } from '../../kernels/embedding/embedding.ts';
import { matmulNn } from '../../kernels/matmul_nn/matmul_nn.ts';
import { NARROW } from '../../kernels/_lib/serial.ts';
import { matmulNt } from '../../kernels/matmul_nt/matmul_nt.ts';
import { matmulTn } from '../../kernels/matmul_tn/matmul_tn.ts';
import { rmsNormBackward, rmsNormForward } from '../../kernels/rms_norm/rms_norm.ts';
import { layerNormBackward, layerNormForward } from '../../kernels/layer_norm/layer_norm.ts';
import { rotary } from '../../kernels/rotary/rotary.ts';
import { attentionBackward, attentionForward, attentionStats, pairsShape } from '../../kernels/attention/attention.ts';
import { cachedAttention } from '../../kernels/cached_attention/cached_attention.ts';
import { kvWrite } from '../../kernels/kv_write/kv_write.ts';
import {
  gatedActivationBackward,
  gatedActivationForward,
  geluBackward,
  geluForward,
} from '../../kernels/gated_activation/gated_activation.ts';
import { add, addInPlace } from '../../kernels/add/add.ts';
import { copyColumns } from '../../kernels/copy_columns/copy_columns.ts';
import { dropout } from '../../kernels/dropout/dropout.ts';
import { topK } from '../../kernels/top_k/top_k.ts';
import type { AttentionShape, GraphNode } from './nodes.ts';
import type { LowerContext, Operand, WeightPart } from './plan.ts';
import { paramStride } from './params.ts';
import type { Tensor } from './tensor.ts';

// A program that shares loads takes half a second to compile on a software adapter: not for products that are done before.
// That of a few columns takes hardly any time.
const QUADS_MIN_WEIGHT = 128 * 128;
const QUADS_MIN_GRADIENT = 128 * 16;

/** Turns one node into dispatches. Everything a kernel needs to know about splitting happens here. */
export function lowerNode(node: GraphNode, ctx: LowerContext): void {
  const { variant, quads } = ctx;
  switch (node.op) {
    case 'embedding': {
      const { tokens, table, scale, y } = node;
      for (const part of ctx.parts(table)) {
        ctx.launch(
          embedding({
            rows: tokens.rows,
            cols: table.cols,
            rowOffset: part.firstRow,
            partRows: part.rows,
            format: table.format ?? 'f32',
            scale,
          }),
          { tokens, y, ...weightOperands(table, part) },
        );
      }
      return;
    }
    case 'rms_norm': {
      const { x, weight: w, eps, weightOffset, rstd, y } = node;
      ctx.launch(rmsNormForward({ rows: rstd.elems, cols: w.elems, eps, weightOffset, variant }), { x, w, rstd, y });
      return;
    }
    case 'rms_norm_backward': {
      const { x, weight: w, eps, weightOffset, rstd, dy, dx, into } = node;
      const accumulate = into !== undefined;
      ctx.launch(rmsNormBackward({ rows: rstd.elems, cols: w.elems, eps, weightOffset, accumulate, variant }), {
        x,
        w,
        dy,
        rstd_saved: rstd,
        dx,
      });
      return;
    }
    case 'layer_norm': {
      const { x, weight: w, bias: b, eps, mean, rstd, y } = node;
      ctx.launch(layerNormForward({ rows: x.rows, cols: x.cols, eps, variant }), { x, w, b, mean, rstd, y });
      return;
    }
    case 'layer_norm_backward': {
      const { x, weight: w, mean, rstd, dy, dx, into } = node;
      ctx.launch(
        layerNormBackward({ rows: x.rows, cols: x.cols, eps: node.eps, accumulate: into !== undefined, variant }),
        { x, w, dy, mean_saved: mean, rstd_saved: rstd, dx },
      );
      return;
    }
    case 'linear': {
      const { x, weight, bias, loraInput, loraA, loraB, loraScale, h, y } = node;
      if (loraA !== undefined && loraInput !== undefined && h !== undefined) denseNt(ctx, loraInput, loraA, h);
      for (const part of ctx.parts(weight)) {
        const rank = h === undefined || loraB === undefined ? 0 : h.cols;
        ctx.launch(
          matmulNt({
            rows: x.rows,
            inFeatures: x.cols,
            outFeatures: part.rows,
            outStride: y.cols,
            outOffset: part.firstRow,
            format: weight.format ?? 'f32',
            bias: bias !== undefined,
            rank,
            loraScale,
            variant,
            quads: quads && weight.elems >= QUADS_MIN_WEIGHT,
          }),
          { x, y, ...weightOperands(weight, part), ...(bias && { bias }), ...(h && loraB && { h, lora_b: loraB }) },
        );
      }
      return;
    }
    case 'linear_backward': {
      const { dy, weight, dh, loraA, into, dx } = node;
      ctx.parts(weight).forEach((part, index) => {
        // The adapter's branch is added once, with the first part.
        const rank = index === 0 && dh !== undefined ? dh.cols : 0;
        ctx.launch(
          matmulNn({
            rows: dy.rows,
            outFeatures: part.rows,
            inFeatures: weight.cols,
            dyStride: dy.cols,
            dyOffset: part.firstRow,
            format: weight.format ?? 'f32',
            rank,
            loraScale: 1,
            accumulate: into !== undefined || index > 0,
            variant,
            quads: quads && weight.elems >= QUADS_MIN_WEIGHT,
          }),
          { dy, dx, ...weightOperands(weight, part), ...(rank > 0 && dh && loraA && { dh, lora_a: loraA }) },
        );
      });
      return;
    }
    case 'lora_up_backward':
      denseNn(ctx, { dy: node.dy, w: node.loraB, dx: node.dh, alpha: node.loraScale, accumulate: false });
      return;
    case 'lora_down_backward':
      denseNn(ctx, { dy: node.dh, w: node.loraA, dx: node.dx, alpha: 1, accumulate: node.into !== undefined });
      return;
    case 'outer_product': {
      const { a, b, scale: alpha, gradient: g } = node;
      ctx.launch(
        matmulTn({
          rows: a.rows,
          p: a.cols,
          q: b.cols,
          gStride: paramStride(b.cols),
          alpha,
          accumulate: true,
          variant,
          quads: quads && g.elems >= QUADS_MIN_GRADIENT,
        }),
        { a, b, g },
      );
      return;
    }
    case 'rotary': {
      const { x, positions, cos, sin, heads, headDim, rotaryDim, inverse } = node;
      ctx.launch(rotary({ rows: x.rows, heads, headDim, rotaryDim, inverse }), {
        positions,
        cos_table: cos,
        sin_table: sin,
        x,
      });
      return;
    }
    case 'attention': {
      const { q, k, v, bounds, lse, y: o } = node;
      ctx.launch(attentionForward({ rows: q.rows, ...attentionShape(node), variant, quads }), {
        q,
        k,
        v,
        bounds,
        o,
        lse,
      });
      return;
    }
    case 'attention_stats': {
      const { o, dy, lse, stats } = node;
      ctx.launch(attentionStats({ rows: o.rows, ...attentionShape(node), variant }), { o, dy, lse, stats });
      return;
    }
    case 'attention_backward': {
      const { q, k, v, dy, stats, bounds, dq, dk, dv } = node;
      const gradients = { q: dq !== undefined, kv: dk !== undefined };
      const args = { rows: q.rows, ...attentionShape(node), variant, quads, gradients };
      const shape = pairsShape(args);
      const outputs = { ...(dq && { dq }), ...(dk && { dk }), ...(dv && { dv }) };
      const scratch = shape && { pairs: ctx.scratch('attention.pairs', shape) };
      for (const launch of attentionBackward(args))
        ctx.launch(launch, { q, k, v, dy, stats, bounds, ...outputs, ...scratch });
      return;
    }
    case 'cached_attention': {
      const { q, k, v, cacheK: cache_k, cacheV: cache_v, slots, positions, y: o, kvHeads, headDim } = node;
      const maxPositions = cache_k.shape[1] ?? 0;
      ctx.launch(kvWrite({ rows: k.rows, kvHeads, headDim, maxPositions }), {
        k,
        v,
        slots,
        positions,
        cache_k,
        cache_v,
      });
      ctx.launch(cachedAttention({ rows: q.rows, ...attentionShape(node), maxPositions, variant, quads }), {
        q,
        cache_k,
        cache_v,
        slots,
        positions,
        o,
      });
      return;
    }
    case 'gated_activation': {
      const { gate, up, act, y } = node;
      ctx.launch(gatedActivationForward({ count: y.elems, act }), { gate, up, y });
      return;
    }
    case 'gated_activation_backward': {
      const { gate, up, dy, act, dgate, dup } = node;
      ctx.launch(gatedActivationBackward({ count: dy.elems, act }), { gate, up, dy, dgate, dup });
      return;
    }
    case 'gelu':
      ctx.launch(geluForward({ count: node.x.elems }), { x: node.x, y: node.y });
      return;
    case 'gelu_backward':
      ctx.launch(geluBackward({ count: node.x.elems }), { x: node.x, dy: node.dy, dx: node.dx });
      return;
    case 'add':
      ctx.launch(add({ count: node.a.elems }), { a: node.a, b: node.b, y: node.y });
      return;
    case 'split_columns':
      forEachPart(node.parts, node.x, (part, whole) => {
        const shape = { rows: node.x.rows, cols: part.cols, from: whole, to: { stride: part.cols, offset: 0 } };
        ctx.launch(copyColumns(shape), { x: node.x, y: part });
      });
      return;
    case 'join_columns':
      forEachPart(node.parts, node.dx, (part, whole) => {
        const shape = { rows: node.dx.rows, cols: part.cols, from: { stride: part.cols, offset: 0 }, to: whole };
        ctx.launch(copyColumns(shape), { x: part, y: node.dx });
      });
      return;
    case 'accumulate':
      ctx.launch(addInPlace({ count: node.b.elems }), { into: node.dx, b: node.b });
      return;
    case 'dropout': {
      const { x, step, p, nodeId, y } = node;
      ctx.launch(dropout({ count: x.elems, p, nodeId, accumulate: false }), { step, x, y });
      return;
    }
    case 'dropout_backward': {
      const { dy, step, p, nodeId, into, dx } = node;
      ctx.launch(dropout({ count: dy.elems, p, nodeId, accumulate: into !== undefined }), { step, x: dy, y: dx });
      return;
    }
    case 'linear_cross_entropy':
      linearCrossEntropy(node, ctx);
      return;
    case 'loss_backward': {
      const { step, lossRows: rows, dNll: d_nll, saved: dxg, dx } = node;
      ctx.launch(zeroRows({ rows: dx.rows, cols: dx.cols }), { dx });
      ctx.launch(scatterScaled({ chunkRows: dx.rows, cols: dx.cols, firstRow: 0, source: 'full' }), {
        step,
        rows,
        d_nll,
        dxg,
        dx,
      });
      return;
    }
    case 'gather_rows': {
      const { x, step, rows, y: xg } = node;
      ctx.launch(gatherRows({ chunkRows: xg.rows, cols: x.cols, firstRow: 0 }), { step, rows, x, xg });
      return;
    }
    case 'logits': {
      const { x, weight, y } = node;
      headProduct(ctx, x, weight, y, x.rows);
      return;
    }
    case 'top_k': {
      const { logits, k, values, indices, lse } = node;
      ctx.launch(topK({ rows: logits.rows, vocab: logits.cols, k, variant, quads }), { logits, values, indices, lse });
      return;
    }
    default:
      node satisfies never;
  }
}

/** Each part with where its columns lie in the whole. */
function forEachPart(
  parts: readonly Tensor[],
  whole: Tensor,
  body: (part: Tensor, at: { stride: number; offset: number }) => void,
): void {
  let offset = 0;
  for (const part of parts) {
    body(part, { stride: whole.cols, offset });
    offset += part.cols;
  }
}

/** Chunk by chunk: gather labelled rows, logits, their losses and gradient in place, and back through the head. */
function linearCrossEntropy(node: Extract<GraphNode, { op: 'linear_cross_entropy' }>, ctx: LowerContext): void {
  const { x, weight, step, lossRows: rows, labels, logitScale, softCap, saved, nll } = node;
  const { variant, quads } = ctx;
  const chunkRows = Math.min(node.chunkRows, x.rows);
  const xg = ctx.scratch('loss.x', [chunkRows, x.cols]);
  const logits = ctx.scratch('loss.logits', [chunkRows, weight.rows]);
  const dxg = ctx.scratch('loss.dx', [chunkRows, x.cols]);
  for (let firstRow = 0; firstRow < x.rows; firstRow += chunkRows) {
    const chunk = Math.min(chunkRows, x.rows - firstRow);
    ctx.launch(gatherRows({ chunkRows: chunk, cols: x.cols, firstRow }), { step, rows, x, xg }, firstRow);
    headProduct(ctx, xg, weight, logits, chunk, firstRow);
    ctx.launch(
      crossEntropyRows({
        chunkRows: chunk,
        vocab: weight.rows,
        firstRow,
        logitScale,
        softCap,
        gradient: true,
        variant,
      }),
      { step, labels, logits, nll },
      firstRow,
    );
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
        variant,
        quads: quads && weight.elems >= QUADS_MIN_WEIGHT,
      });
      ctx.launch(launch, { dy: logits, dx: dxg, ...weightOperands(weight, part) }, firstRow);
    });
    ctx.launch(scatterRows({ chunkRows: chunk, cols: x.cols, firstRow }), { step, rows, dxg, dx: saved }, firstRow);
  }
}

/** logits[:rows] = x·Wᵀ over the parts of the head. */
function headProduct(
  ctx: LowerContext,
  x: Tensor,
  weight: Tensor,
  y: Tensor,
  rows: number,
  minLabelled?: number,
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
      variant: ctx.variant,
      quads: ctx.quads && weight.elems >= QUADS_MIN_WEIGHT,
    });
    ctx.launch(launch, { x, y, ...weightOperands(weight, part) }, minLabelled);
  }
}

/** y = x·wᵀ with a dense trainable w [out, in]. */
function denseNt(ctx: LowerContext, x: Tensor, w: Tensor, y: Tensor): void {
  const launch = matmulNt({
    rows: x.rows,
    inFeatures: x.cols,
    outFeatures: w.rows,
    outStride: y.cols,
    outOffset: 0,
    format: 'f32',
    bias: false,
    rank: 0,
    loraScale: 0,
    variant: ctx.variant,
    quads: ctx.quads && w.rows <= NARROW,
  });
  ctx.launch(launch, { x, w_codes: w, y });
}

/** dx (+)= alpha · dy·w with a dense trainable w [out, in]. */
function denseNn(
  ctx: LowerContext,
  { dy, w, dx, alpha, accumulate }: { dy: Tensor; w: Tensor; dx: Tensor; alpha: number; accumulate: boolean },
): void {
  const launch = matmulNn({
    rows: dy.rows,
    outFeatures: w.rows,
    inFeatures: w.cols,
    dyStride: dy.cols,
    dyOffset: 0,
    format: 'f32',
    rank: 0,
    loraScale: 0,
    alpha,
    accumulate,
    variant: ctx.variant,
    quads: ctx.quads && w.cols <= NARROW,
  });
  ctx.launch(launch, { dy, w_codes: w, dx });
}

function weightOperands(weight: Tensor, part: WeightPart): Record<string, Operand> {
  const hasScales = scaleWordsPerRow(weight.format ?? 'f32', weight.cols) > 0;
  return {
    w_codes: { weight, part, of: 'codes' },
    ...(hasScales && { w_scales: { weight, part, of: 'scales' as const } }),
  };
}

function attentionShape({ heads, kvHeads, headDim, scale, window, softCap }: AttentionShape): AttentionShape {
  return {
    heads,
    kvHeads,
    headDim,
    scale,
    ...(window !== undefined && { window }),
    ...(softCap !== undefined && { softCap }),
  };
}
