import { rowHalves, rowHalvesWords } from '../../../../kernels/row_halves/row_halves.ts';
import { scaleWordsPerRow } from '../../../formats/quantize.ts';
import type { KernelVariant, SubgroupMatrices } from '../../../gpu/device-profile.ts';
import type { LabelledRows } from '../../labelled-rows.ts';
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

/** What a product with a frozen weight is told of the device. */
export function weightKernels(
  ctx: LowerContext,
  weight: Tensor,
): { readonly variant: KernelVariant; readonly matrices?: SubgroupMatrices } {
  const { matrices } = ctx;
  return { variant: weightVariant(ctx, weight), ...(matrices && { matrices }) };
}

/** Rows of a product with a frozen weight, and which of their values take part. */
interface ProductRows {
  readonly rows: number;
  readonly cols: number;
  /** Length of a row; default: the tensor's. */
  readonly stride?: number;
  /** Default 0. */
  readonly offset?: number;
}

/**
 * Where the rows that a weight is multiplied by lie in halves; undefined where none of its products goes through subgroup
 * matrices. For any count of rows or for none, as plans for few rows share an arena.
 */
export function halvesFor(
  { matrices, scratch }: LowerContext,
  weight: Tensor,
  name: string,
  { rows, cols }: ProductRows,
): Tensor | undefined {
  if (matrices === undefined || (weight.format ?? 'f32') === 'f32') return undefined;
  return scratch(`${name}.halves`, [rows, rowHalvesWords(cols)]);
}

/** Launches what brings a tensor's rows into halves: the operand of a product in their place. */
export function inHalves(
  { launch }: LowerContext,
  x: Tensor,
  halves: Tensor,
  { rows, cols, stride = x.cols, offset = 0 }: ProductRows,
  labelled?: LabelledRows,
): { readonly row_halves: Tensor } {
  launch(rowHalves({ rows, cols, stride, offset }), { x, halves }, labelled);
  return { row_halves: halves };
}

/** The buffers of a weight's part under the names that every kernel reading packed weights gives them. */
export function weightOperands(weight: Tensor, part: WeightPart): Operands {
  const hasScales = scaleWordsPerRow(weight.format ?? 'f32', weight.cols) > 0;
  return {
    w_codes: { weight, part, of: 'codes' },
    ...(hasScales && { w_scales: { weight, part, of: 'scales' as const } }),
  };
}
