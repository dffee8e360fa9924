import type { WeightFormat } from '../../src/formats/quantize.ts';
import { foldGrid, type Launch } from '../../src/gpu/kernel.ts';
import activationWgsl from '../_lib/activation.wgsl?raw';
import { MOST_HEADS } from '../_lib/attention_parts.ts';
import vectorWgsl from '../_lib/vector_1.wgsl?raw';
import { WIDE_ALIGNMENT } from '../_lib/tiles.ts';
import { defineWideKernel, readWeight, type WeightKernel } from '../_lib/weight.ts';
import biasWgsl from './bias.wgsl?raw';
import normWgsl from './input_norm.wgsl?raw';
import partsWgsl from './input_parts.wgsl?raw';
import rowWgsl from './input_row.wgsl?raw';
import noBiasWgsl from './no_bias.wgsl?raw';
import wgsl from './row_product.wgsl?raw';

/** The source of the row: as it is, normalised first (kernels/rms_norm), or the parts of kernels/split_attention. */
export type RowInput =
  | { readonly kind: 'row' }
  | { readonly kind: 'norm'; readonly eps: number; readonly weightOffset: number }
  | { readonly kind: 'parts'; readonly heads: number; readonly headDim: number };

/** What becomes of the products: themselves, added to a row, or act(gate) · up of a weight that has gate over up. */
export type RowOutput = 'plain' | 'add' | 'silu' | 'gelu_tanh';

export interface RowProductArgs {
  /** I, a multiple of 16 */
  readonly inFeatures: number;
  /** O: of a gated output half of the weight's rows */
  readonly outFeatures: number;
  /** Column of y where this part of W begins. */
  readonly outOffset?: number;
  readonly format: WeightFormat;
  readonly bias: boolean;
  readonly input: RowInput;
  readonly output: RowOutput;
}

const sourcesOf = (name: string, input: string): { readonly plain: WeightKernel; readonly bias: WeightKernel } => {
  const joined = (bias: string): WeightKernel =>
    defineWideKernel(name, [wgsl, input, bias, activationWgsl, vectorWgsl].join('\n'));
  return { plain: joined(noBiasWgsl), bias: joined(biasWgsl) };
};
const SOURCES = {
  row: sourcesOf('row_product', rowWgsl),
  norm: sourcesOf('row_product_norm', normWgsl),
  parts: sourcesOf('row_product_parts', partsWgsl),
} as const;

const ENTRIES = { plain: 'product', add: 'product_add', silu: 'product_gated', gelu_tanh: 'product_gated' } as const;

/** Whether rows of a weight can be read sixteen columns at a time, and heads, where there are parts, be kept apart. */
export function isRowProduct({ inFeatures, input }: Pick<RowProductArgs, 'inFeatures' | 'input'>): boolean {
  if (inFeatures % WIDE_ALIGNMENT !== 0) return false;
  return input.kind !== 'parts' || (input.headDim % WIDE_ALIGNMENT === 0 && input.heads <= MOST_HEADS);
}

/**
 * One row times a packed weight, with the step before and after it.
 * Operands: x [I] (of `parts`: as partsShape of split_attention has them), w_codes, w_scales (but for floats), bias (with
 * `bias`), norm [I] (of `norm`), added [O] (of `add`) -> y, columns from outOffset on.
 */
export function rowProduct(args: RowProductArgs): Launch {
  const { inFeatures, outFeatures, outOffset = 0, format, input, output } = args;
  const entry = ENTRIES[output];
  const isGated = entry === 'product_gated';
  const weight = readWeight(SOURCES[input.kind][args.bias ? 'bias' : 'plain'], format, inFeatures);
  const { eps, weightOffset } = input.kind === 'norm' ? input : { eps: 0, weightOffset: 0 };
  const { heads, headDim } = input.kind === 'parts' ? input : { heads: 0, headDim: 0 };
  return {
    kernel: weight.kernel,
    entry,
    overrides: { ...weight.overrides, ...(isGated && { GELU: output === 'gelu_tanh' ? 1 : 0 }) },
    params: {
      ...weight.params,
      in_features: inFeatures,
      out_features: outFeatures,
      out_offset: outOffset,
      eps,
      norm_offset: weightOffset,
      heads,
      head_vecs: headDim / 4,
    },
    operands: [
      ...['x', ...weight.operands],
      ...(args.bias ? ['bias'] : []),
      ...(input.kind === 'norm' ? ['norm'] : []),
      ...(output === 'add' ? ['added'] : []),
      'y',
    ],
    workgroups: foldGrid(Math.ceil(outFeatures / (isGated ? 4 : 8))),
    flops: 2 * outFeatures * inFeatures * (isGated ? 2 : 1),
  };
}
