import { rotary as rotaryKernel } from '../../../kernels/rotary/rotary.ts';
import type { ForwardOp, GraphBuilder } from '../op.ts';
import type { Tensor } from '../tensor.ts';

export interface RotaryNode {
  readonly op: 'rotary';
  readonly x: Tensor;
  readonly positions: Tensor;
  readonly cos: Tensor;
  readonly sin: Tensor;
  readonly heads: number;
  readonly headDim: number;
  readonly rotaryDim: number;
  readonly inverse: boolean;
  readonly y: Tensor;
}

declare module '../op.ts' {
  interface ForwardNodes {
    rotary: RotaryNode;
  }
}

/**
 * Rotates pairs (d, d + rotaryDim/2) of every head in place; tables [maxPositions, rotaryDim/2]. Su et al. 2021,
 * arXiv:2104.09864.
 */
export function rotary(
  g: GraphBuilder,
  x: Tensor,
  positions: Tensor,
  tables: { readonly cos: Tensor; readonly sin: Tensor },
  shape: { readonly heads: number; readonly headDim: number; readonly rotaryDim: number },
): Tensor {
  const y = g.inPlace('rotary', x);
  return g.emit({ op: 'rotary', x, positions, ...tables, ...shape, inverse: false, y });
}

export const rotaryOp: ForwardOp<RotaryNode> = {
  writes: ['y'],
  // The transpose of a rotation is the rotation back.
  gradient({ x, positions, cos, sin, heads, headDim, rotaryDim, inverse, y }, g, gradients) {
    const dy = gradients.of(y);
    if (dy === undefined) return;
    const dx = gradients.overwrite(x, dy);
    g.push({ op: 'rotary', x: dy, positions, cos, sin, heads, headDim, rotaryDim, inverse: !inverse, y: dx });
  },
  lower({ x, positions, cos, sin, heads, headDim, rotaryDim, inverse }, { launch }) {
    launch(rotaryKernel({ rows: x.rows, heads, headDim, rotaryDim, inverse }), {
      positions,
      cos_table: cos,
      sin_table: sin,
      x,
    });
  },
};
