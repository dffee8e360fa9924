import { NARROW } from '../../../kernels/_lib/software/serial.ts';
import { matmulNn, usesMatrices as nnUsesMatrices } from '../../../kernels/matmul_nn/matmul_nn.ts';
import { addsInProduct, matmulNt, usesMatrices as ntUsesMatrices } from '../../../kernels/matmul_nt/matmul_nt.ts';
import { matmulTn } from '../../../kernels/matmul_tn/matmul_tn.ts';
import { WebLoraError } from '../../errors.ts';
import type { ForwardOp, GraphBuilder, LowerContext, Op } from '../op.ts';
import type { WeightPart } from '../operand.ts';
import { paramStride } from '../params.ts';
import { expectShape, type Tensor } from '../tensor.ts';
import { quadVariantWhere } from './_lib/variant.ts';
import { halvesFor, inHalves, weightKernels, weightOperands } from './_lib/weight.ts';
import { columnScale, type ColumnScaleNode } from './column_scale.ts';
import { dropout } from './dropout.ts';

/** A linear layer as a model's weight tree holds it, before or after an adapter was applied. */
export interface LinearWeights {
  /** [outFeatures, inFeatures] */
  readonly weight: Tensor;
  /** [outFeatures] */
  readonly bias?: Tensor;
  readonly lora?: LoraSlot;
}

/** The adapter slot of a linear layer: y += scale · dropout(x)·Aᵀ·Bᵀ. */
export interface LoraSlot {
  /** [rank, inFeatures] */
  readonly a: Tensor;
  /** [outFeatures, rank] */
  readonly b: Tensor;
  readonly scale: number;
  readonly dropout: number;
  /** A factor for each output, which the bias is added to afterwards: DoRA's. */
  readonly rowScale?: Pick<ColumnScaleNode, 'factor' | 'inverseNorm' | 'magnitude'>;
}

/** y = x·Wᵀ (+ bias) (+ loraScale · h·Bᵀ) with h = loraInput·Aᵀ. */
export interface LinearNode {
  readonly op: 'linear';
  readonly x: Tensor;
  readonly weight: Tensor;
  readonly bias?: Tensor;
  readonly loraInput?: Tensor;
  readonly loraA?: Tensor;
  readonly loraB?: Tensor;
  readonly loraScale: number;
  readonly h?: Tensor;
  readonly y: Tensor;
}

/** dx (+)= dy·W (+ dh·A) */
export interface LinearBackwardNode {
  readonly op: 'linear_backward';
  readonly dy: Tensor;
  readonly weight: Tensor;
  readonly dh?: Tensor;
  readonly loraA?: Tensor;
  readonly into?: Tensor;
  readonly dx: Tensor;
}

/** dh = loraScale · dy·B */
export interface LoraUpBackwardNode {
  readonly op: 'lora_up_backward';
  readonly dy: Tensor;
  readonly loraB: Tensor;
  readonly loraScale: number;
  readonly dh: Tensor;
}

/** dx (+)= dh·A, where the branch has an input of its own (dropout) */
export interface LoraDownBackwardNode {
  readonly op: 'lora_down_backward';
  readonly dh: Tensor;
  readonly loraA: Tensor;
  readonly into?: Tensor;
  readonly dx: Tensor;
}

/** gradient += scale · aᵀ·b */
export interface OuterProductNode {
  readonly op: 'outer_product';
  readonly a: Tensor;
  readonly b: Tensor;
  readonly scale: number;
  readonly gradient: Tensor;
}

declare module '../op.ts' {
  interface ForwardNodes {
    linear: LinearNode;
  }
  interface BackwardNodes {
    linear_backward: LinearBackwardNode;
    lora_up_backward: LoraUpBackwardNode;
    lora_down_backward: LoraDownBackwardNode;
    outer_product: OuterProductNode;
  }
}

/** x [N, in] -> [N, out]; the base is frozen, the adapter's matrices are trainable. Without `step`, dropout is off. */
export function linear(g: GraphBuilder, x: Tensor, layer: LinearWeights, step?: Tensor): Tensor {
  const { weight, bias, lora } = layer;
  if (lora?.rowScale === undefined) return product(g, x, layer, step);
  return columnScale(g, product(g, x, { weight, lora }, step), lora.rowScale, bias);
}

function product(g: GraphBuilder, x: Tensor, layer: LinearWeights, step?: Tensor): Tensor {
  const { weight, bias, lora } = layer;
  const [outFeatures = 0, inFeatures = 0] = weight.shape;
  if (x.cols !== inFeatures)
    throw new WebLoraError('internal', `linear: ${String(x)} does not fit weight ${String(weight)}`);
  const base = { op: 'linear', x, weight, ...(bias && { bias }) } as const;
  if (lora === undefined) {
    const y = g.activation(weight.name, [x.rows, outFeatures], [x]);
    return g.emit({ ...base, loraScale: 0, y });
  }
  const rank = lora.a.rows;
  expectShape('linear', 'loraA', lora.a, [rank, inFeatures]);
  expectShape('linear', 'loraB', lora.b, [outFeatures, rank]);
  const loraInput = lora.dropout > 0 && step !== undefined ? dropout(g, x, step, lora.dropout) : x;
  const h = g.activation(`${weight.name}.h`, [x.rows, rank], [loraInput, lora.a]);
  const y = g.activation(weight.name, [x.rows, outFeatures], [x, h, lora.b]);
  return g.emit({ ...base, loraInput, loraA: lora.a, loraB: lora.b, loraScale: lora.scale, h, y });
}

/** The rank-r branch of a node, whole or not at all. */
function branchOf({ loraInput: input, loraA: a, loraB: b, loraScale: scale, h }: LinearNode) {
  return input === undefined || a === undefined || b === undefined || h === undefined
    ? undefined
    : { input, a, b, scale, h };
}

export const linearOp: ForwardOp<LinearNode> = {
  writes: ['h', 'y'],
  gradient(node, g, gradients) {
    const { x, weight, y } = node;
    const dy = gradients.of(y);
    if (dy === undefined) return;
    const branch = branchOf(node);
    if (branch === undefined) {
      if (x.requiresGrad) g.push({ op: 'linear_backward', dy, weight, ...gradients.add(x) });
      return;
    }
    const { input, a, b, scale, h } = branch;
    g.push({ op: 'outer_product', a: dy, b: h, scale, gradient: gradients.sumOf(b) });
    const dh = g.activation(`d ${h.name}`, h.shape, []);
    g.push({ op: 'lora_up_backward', dy, loraB: b, loraScale: scale, dh });
    g.push({ op: 'outer_product', a: dh, b: input, scale: 1, gradient: gradients.sumOf(a) });
    if (!x.requiresGrad) return;
    if (input === x) {
      g.push({ op: 'linear_backward', dy, weight, dh, loraA: a, ...gradients.add(x) });
      return;
    }
    g.push({ op: 'linear_backward', dy, weight, ...gradients.add(x) });
    g.push({ op: 'lora_down_backward', dh, loraA: a, ...gradients.add(input) });
  },
  lower(node, ctx) {
    lowerLinear(node, ctx);
  },
};

/** What a product of a node with one part of its weight is told. */
function productArgs(node: LinearNode, part: WeightPart, ctx: LowerContext) {
  const { x, weight, bias, loraScale, y } = node;
  return {
    rows: x.rows,
    inFeatures: x.cols,
    outFeatures: part.rows,
    outStride: y.cols,
    outOffset: part.firstRow,
    format: weight.format ?? 'f32',
    bias: bias !== undefined,
    rank: branchOf(node)?.h.cols ?? 0,
    loraScale,
    ...weightKernels(ctx, weight),
  };
}

/** Whether the products of a layer can add a tensor of their shape themselves. */
export function canAdd(node: LinearNode, ctx: LowerContext): boolean {
  return ctx.parts(node.weight).every((part) => addsInProduct(productArgs(node, part, ctx)));
}

/** Lowers a layer, or a layer and the add behind it: `sum` = `added` + its output, with the same bits. */
export function lowerLinear(node: LinearNode, ctx: LowerContext, addition?: { added: Tensor; sum: Tensor }): void {
  const { x, weight, bias } = node;
  const branch = branchOf(node);
  if (branch !== undefined) lowerDown(ctx, branch.input, branch.a, branch.h);
  const halves = halvesFor(ctx, weight, x.name, x);
  const shape = { rows: x.rows, format: weight.format ?? 'f32', ...weightKernels(ctx, weight) };
  const input = halves && ntUsesMatrices(shape) ? inHalves(ctx, x, halves, x) : { x };
  for (const part of ctx.parts(weight)) {
    const launch = matmulNt({ ...productArgs(node, part, ctx), added: addition !== undefined });
    const ofBranch = branch && { h: branch.h, lora_b: branch.b };
    ctx.launch(launch, {
      ...input,
      y: addition?.sum ?? node.y,
      ...weightOperands(weight, part),
      ...(bias && { bias }),
      ...ofBranch,
      ...(addition && { added: addition.added }),
    });
  }
}

export const linearBackwardOp: Op<LinearBackwardNode> = {
  writes: ['dx'],
  lower({ dy, weight, dh, loraA, into, dx }, ctx) {
    const parts = ctx.parts(weight);
    const widest = { rows: dy.rows, cols: Math.max(...parts.map((part) => part.rows)) };
    const halves = halvesFor(ctx, weight, dy.name, widest);
    parts.forEach((part, index) => {
      // The adapter's branch is added once, with the first part.
      const rank = index === 0 && dh !== undefined ? dh.cols : 0;
      const args = {
        rows: dy.rows,
        outFeatures: part.rows,
        inFeatures: weight.cols,
        dyStride: dy.cols,
        dyOffset: part.firstRow,
        format: weight.format ?? 'f32',
        rank,
        loraScale: 1,
        accumulate: into !== undefined || index > 0,
        ...weightKernels(ctx, weight),
      };
      const columns = { rows: dy.rows, cols: part.rows, offset: part.firstRow };
      const input = halves && nnUsesMatrices(args) ? inHalves(ctx, dy, halves, columns) : { dy };
      const ofBranch = rank > 0 && dh && loraA && { dh, lora_a: loraA };
      ctx.launch(matmulNn(args), { ...input, dx, ...weightOperands(weight, part), ...ofBranch });
    });
  },
};

export const loraUpBackwardOp: Op<LoraUpBackwardNode> = {
  writes: ['dh'],
  lower({ dy, loraB, loraScale, dh }, ctx) {
    lowerDense(ctx, { dy, w: loraB, dx: dh, alpha: loraScale, accumulate: false });
  },
};

export const loraDownBackwardOp: Op<LoraDownBackwardNode> = {
  writes: ['dx'],
  lower({ dh, loraA, into, dx }, ctx) {
    lowerDense(ctx, { dy: dh, w: loraA, dx, alpha: 1, accumulate: into !== undefined });
  },
};

// A program that shares loads takes half a second to compile on a software adapter, that of a few columns hardly any time.
const QUADS_MIN_GRADIENT = 128 * 16;

export const outerProductOp: Op<OuterProductNode> = {
  writes: ['gradient'],
  lower({ a, b, scale: alpha, gradient: g }, { variant, launch }) {
    const shape = { rows: a.rows, p: a.cols, q: b.cols, gStride: paramStride(b.cols) };
    const suited = quadVariantWhere(g.elems >= QUADS_MIN_GRADIENT, variant);
    launch(matmulTn({ ...shape, alpha, accumulate: true, variant: suited }), { a, b, g });
  },
};

/** h = x·Aᵀ with the trainable A [rank, in]. */
function lowerDown({ variant, launch }: LowerContext, x: Tensor, a: Tensor, h: Tensor): void {
  const product = matmulNt({
    rows: x.rows,
    inFeatures: x.cols,
    outFeatures: a.rows,
    outStride: h.cols,
    outOffset: 0,
    format: 'f32',
    bias: false,
    rank: 0,
    loraScale: 0,
    variant: quadVariantWhere(a.rows <= NARROW, variant),
  });
  launch(product, { x, w_codes: a, y: h });
}

/** dx (+)= alpha · dy·w with a trainable w [out, in]. */
function lowerDense(
  { variant, launch }: LowerContext,
  { dy, w, dx, alpha, accumulate }: { dy: Tensor; w: Tensor; dx: Tensor; alpha: number; accumulate: boolean },
): void {
  const product = matmulNn({
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
    variant: quadVariantWhere(w.cols <= NARROW, variant),
  });
  launch(product, { dy, w_codes: w, dx });
}
