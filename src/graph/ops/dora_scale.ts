import { doraScale as doraScaleKernel } from '../../../kernels/dora_scale/dora_scale.ts';
import type { ForwardOp, GraphBuilder } from '../op.ts';
import { expectShape, type Tensor } from '../tensor.ts';
import { weightOperands } from './_lib/weight.ts';

/**
 * factor = ((1 - share)·|W| + share·magnitude) / |W + scale·B·A| for each row of a layer, and the reciprocal of the norm. Both
 * are stored until the parameters change. The norm is held constant in gradients, as PEFT and the paper (Liu et al. 2024,
 * arXiv:2402.09353, section 4.3) do; the magnitude's own gradient is column_scale's.
 */
export interface DoraScaleNode {
  readonly op: 'dora_scale';
  /** [out, in] */
  readonly weight: Tensor;
  /** [rank, in] */
  readonly loraA: Tensor;
  /** [out, rank] */
  readonly loraB: Tensor;
  /** [1, out] */
  readonly magnitude: Tensor;
  readonly scale: number;
  /** How much of the magnitude counts; 1 in training. */
  readonly share: number;
  /** [out] each, role `derived` */
  readonly factor: Tensor;
  readonly inverseNorm: Tensor;
}

declare module '../op.ts' {
  interface ForwardNodes {
    dora_scale: DoraScaleNode;
  }
}

/** What multiplies each output of a layer with DoRA, once for all steps until the parameters change. */
export function doraScale(
  g: GraphBuilder,
  inputs: Pick<DoraScaleNode, 'weight' | 'loraA' | 'loraB' | 'magnitude' | 'scale' | 'share'>,
): { readonly factor: Tensor; readonly inverseNorm: Tensor } {
  const { weight, loraA, loraB, magnitude } = inputs;
  const [outFeatures = 0, inFeatures = 0] = weight.shape;
  expectShape('dora_scale', 'loraA', loraA, [loraA.rows, inFeatures]);
  expectShape('dora_scale', 'loraB', loraB, [outFeatures, loraA.rows]);
  expectShape('dora_scale', 'magnitude', magnitude, [1, outFeatures]);
  const derived = (name: string): Tensor =>
    g.tensor({ name: `${weight.name}.${name}`, shape: [outFeatures], role: 'derived' });
  const outputs = { factor: derived('dora_factor'), inverseNorm: derived('dora_inverse_norm') };
  g.pushPerUpdate({ op: 'dora_scale', ...inputs, ...outputs });
  return outputs;
}

export const doraScaleOp: ForwardOp<DoraScaleNode> = {
  writes: ['factor', 'inverseNorm'],
  gradient() {
    // Held constant.
  },
  lower({ weight, loraA, loraB, magnitude, scale, share, factor, inverseNorm }, { parts, variant, launch }) {
    for (const part of parts(weight)) {
      const kernel = doraScaleKernel({
        rows: part.rows,
        cols: weight.cols,
        firstRow: part.firstRow,
        format: weight.format ?? 'f32',
        rank: loraA.rows,
        loraScale: scale,
        weight: share,
        variant,
      });
      launch(kernel, {
        ...weightOperands(weight, part),
        magnitude,
        lora_a: loraA,
        lora_b: loraB,
        factor,
        inverse_norm: inverseNorm,
      });
    }
  },
};
