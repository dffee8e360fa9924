import { scaleWordsPerRow } from '../../../formats/quantize.ts';
import type { KernelVariant } from '../../../gpu/device-profile.ts';
import type { LowerContext } from '../../op.ts';
import type { Operands, WeightPart } from '../../operand.ts';
import type { Tensor } from '../../tensor.ts';
import { quadVariantWhere } from './variant.ts';

// A program that shares loads takes half a second to compile on a software adapter: not for products that are done before.
const QUADS_MIN_WEIGHT = 128 * 128;

/** The variant of a product with a frozen weight. */
export function weightVariant({ variant }: LowerContext, weight: Tensor): KernelVariant {
  return quadVariantWhere(weight.elems >= QUADS_MIN_WEIGHT, variant);
}

/** The buffers of a weight's part under the names that every kernel reading packed weights gives them. */
export function weightOperands(weight: Tensor, part: WeightPart): Operands {
  const hasScales = scaleWordsPerRow(weight.format ?? 'f32', weight.cols) > 0;
  return {
    w_codes: { weight, part, of: 'codes' },
    ...(hasScales && { w_scales: { weight, part, of: 'scales' as const } }),
  };
}
