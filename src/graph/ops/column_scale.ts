import {
  columnScale as columnScaleKernel,
  columnScaleBackward,
  magnitudeBackward,
} from '../../../kernels/column_scale/column_scale.ts';
import type { ForwardOp, GraphBuilder, Op } from '../op.ts';
import { expectShape, type Tensor } from '../tensor.ts';

/** y[n,o] = z[n,o]·factor[o] (+ bias[o]), where factor = magnitude·inverseNorm. */
export interface ColumnScaleNode {
  readonly op: 'column_scale';
  readonly z: Tensor;
  readonly factor: Tensor;
  readonly inverseNorm: Tensor;
  readonly magnitude: Tensor;
  readonly bias?: Tensor;
  readonly y: Tensor;
}

/** dz = dy·factor */
export interface ColumnScaleBackwardNode {
  readonly op: 'column_scale_backward';
  readonly dy: Tensor;
  readonly factor: Tensor;
  readonly dz: Tensor;
}

/** gradient += inverseNorm · Σ_n dy·z */
export interface MagnitudeBackwardNode {
  readonly op: 'magnitude_backward';
  readonly dy: Tensor;
  readonly z: Tensor;
  readonly inverseNorm: Tensor;
  readonly gradient: Tensor;
}

declare module '../op.ts' {
  interface ForwardNodes {
    column_scale: ColumnScaleNode;
  }
  interface BackwardNodes {
    column_scale_backward: ColumnScaleBackwardNode;
    magnitude_backward: MagnitudeBackwardNode;
  }
}

/** z [N, out] -> [N, out]; see {@link ColumnScaleNode}. */
export function columnScale(
  g: GraphBuilder,
  z: Tensor,
  scale: Pick<ColumnScaleNode, 'factor' | 'inverseNorm' | 'magnitude'>,
  bias?: Tensor,
): Tensor {
  expectShape('column_scale', 'factor', scale.factor, [z.cols]);
  const y = g.activation('column_scale', z.shape, [z, scale.magnitude]);
  return g.emit({ op: 'column_scale', z, ...scale, ...(bias && { bias }), y });
}

export const columnScaleOp: ForwardOp<ColumnScaleNode> = {
  writes: ['y'],
  gradient({ z, factor, inverseNorm, magnitude, y }, g, gradients) {
    const dy = gradients.of(y);
    if (dy === undefined) return;
    g.push({ op: 'magnitude_backward', dy, z, inverseNorm, gradient: gradients.sumOf(magnitude) });
    g.push({ op: 'column_scale_backward', dy, factor, dz: gradients.assign(z) });
  },
  lower({ z, factor, bias, y }, { launch }) {
    const hasBias = bias !== undefined;
    launch(columnScaleKernel({ rows: z.rows, cols: z.cols, bias: hasBias }), {
      z,
      factor,
      y,
      ...(hasBias && { bias }),
    });
  },
};

export const columnScaleBackwardOp: Op<ColumnScaleBackwardNode> = {
  writes: ['dz'],
  lower({ dy, factor, dz }, { launch }) {
    launch(columnScaleBackward({ rows: dy.rows, cols: dy.cols }), { dy, factor, y: dz });
  },
};

export const magnitudeBackwardOp: Op<MagnitudeBackwardNode> = {
  writes: ['gradient'],
  lower({ dy, z, inverseNorm, gradient }, { variant, launch }) {
    const kernel = magnitudeBackward({ rows: dy.rows, cols: dy.cols, variant });
    launch(kernel, { dy, z, inverse_norm: inverseNorm, gradient });
  },
};
