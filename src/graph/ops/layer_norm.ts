import { layerNormBackward, layerNormForward } from '../../../kernels/layer_norm/layer_norm.ts';
import type { ForwardOp, GraphBuilder, Op } from '../op.ts';
import { expectShape, type Tensor } from '../tensor.ts';

export interface LayerNormNode {
  readonly op: 'layer_norm';
  readonly x: Tensor;
  readonly weight: Tensor;
  readonly bias: Tensor;
  readonly eps: number;
  readonly mean: Tensor;
  readonly rstd: Tensor;
  readonly y: Tensor;
}

export interface LayerNormBackwardNode {
  readonly op: 'layer_norm_backward';
  readonly x: Tensor;
  readonly weight: Tensor;
  readonly eps: number;
  readonly dy: Tensor;
  readonly mean: Tensor;
  readonly rstd: Tensor;
  readonly into?: Tensor;
  readonly dx: Tensor;
}

declare module '../op.ts' {
  interface ForwardNodes {
    layer_norm: LayerNormNode;
  }
  interface BackwardNodes {
    layer_norm_backward: LayerNormBackwardNode;
  }
}

/** y = (x - mean(x)) / std(x) · weight + bias, Ba et al. 2016, arXiv:1607.06450. x [N, C], weight and bias [C]. */
export function layerNorm(g: GraphBuilder, x: Tensor, weight: Tensor, bias: Tensor, eps: number): Tensor {
  expectShape('layer_norm', 'weight', weight, [x.cols]);
  expectShape('layer_norm', 'bias', bias, [x.cols]);
  const mean = g.activation('mean', [x.rows], []);
  const rstd = g.activation('rstd', [x.rows], []);
  const y = g.activation('norm', x.shape, [x]);
  return g.emit({ op: 'layer_norm', x, weight, bias, eps, mean, rstd, y });
}

export const layerNormOp: ForwardOp<LayerNormNode> = {
  writes: ['mean', 'rstd', 'y'],
  gradient({ x, weight, eps, mean, rstd, y }, g, gradients) {
    const dy = gradients.of(y);
    if (dy === undefined || !x.requiresGrad) return;
    g.push({ op: 'layer_norm_backward', x, weight, eps, dy, mean, rstd, ...gradients.add(x) });
  },
  lower({ x, weight: w, bias: b, eps, mean, rstd, y }, { variant, launch }) {
    launch(layerNormForward({ rows: x.rows, cols: x.cols, eps, variant }), { x, w, b, mean, rstd, y });
  },
};

export const layerNormBackwardOp: Op<LayerNormBackwardNode> = {
  writes: ['dx'],
  lower({ x, weight: w, eps, mean, rstd, dy, dx, into }, { variant, launch }) {
    const accumulate = into !== undefined;
    launch(layerNormBackward({ rows: x.rows, cols: x.cols, eps, accumulate, variant }), {
      x,
      w,
      dy,
      mean_saved: mean,
      rstd_saved: rstd,
      dx,
    });
  },
};
