import { rmsNormBackward, rmsNormForward } from '../../../kernels/rms_norm/rms_norm.ts';
import type { ForwardOp, GraphBuilder, Op } from '../op.ts';
import { expectShape, type Tensor } from '../tensor.ts';

export interface RmsNormNode {
  readonly op: 'rms_norm';
  readonly x: Tensor;
  readonly weight: Tensor;
  readonly eps: number;
  readonly weightOffset: number;
  readonly rstd: Tensor;
  readonly y: Tensor;
}

export interface RmsNormBackwardNode {
  readonly op: 'rms_norm_backward';
  readonly x: Tensor;
  readonly weight: Tensor;
  readonly weightOffset: number;
  readonly eps: number;
  readonly dy: Tensor;
  readonly rstd: Tensor;
  readonly into?: Tensor;
  readonly dx: Tensor;
}

declare module '../op.ts' {
  interface ForwardNodes {
    rms_norm: RmsNormNode;
  }
  interface BackwardNodes {
    rms_norm_backward: RmsNormBackwardNode;
  }
}

/**
 * y = x / rms(x) · (weight + weightOffset), Zhang & Sennrich 2019, arXiv:1910.07467. x [N, C], weight [C]; or x [N, H·C],
 * each of its H heads normalised by itself.
 */
export function rmsNorm(g: GraphBuilder, x: Tensor, weight: Tensor, eps: number, weightOffset = 0): Tensor {
  if (x.cols % weight.elems !== 0) expectShape('rms_norm', 'weight', weight, [x.cols]);
  const rstd = g.activation('rstd', [x.elems / weight.elems], []);
  const y = g.activation('norm', x.shape, [x]);
  return g.emit({ op: 'rms_norm', x, weight, eps, weightOffset, rstd, y });
}

export const rmsNormOp: ForwardOp<RmsNormNode> = {
  writes: ['rstd', 'y'],
  gradient({ x, weight, weightOffset, eps, rstd, y }, g, gradients) {
    const dy = gradients.of(y);
    if (dy === undefined || !x.requiresGrad) return;
    g.push({ op: 'rms_norm_backward', x, weight, weightOffset, eps, dy, rstd, ...gradients.add(x) });
  },
  lower({ x, weight: w, eps, weightOffset, rstd, y }, { variant, launch }) {
    launch(rmsNormForward({ rows: rstd.elems, cols: w.elems, eps, weightOffset, variant }), { x, w, rstd, y });
  },
};

export const rmsNormBackwardOp: Op<RmsNormBackwardNode> = {
  writes: ['dx'],
  lower({ x, weight: w, eps, weightOffset, rstd, dy, dx, into }, { variant, launch }) {
    const accumulate = into !== undefined;
    launch(rmsNormBackward({ rows: rstd.elems, cols: w.elems, eps, weightOffset, accumulate, variant }), {
      x,
      w,
      dy,
      rstd_saved: rstd,
      dx,
    });
  },
};
