import type { WeightFormat } from '../../src/formats/quantize.ts';
import type { KernelVariant } from '../../src/gpu/device-profile.ts';
import { foldGrid, type Launch } from '../../src/gpu/kernel.ts';
import { NARROW, SERIAL_WORKGROUP } from '../_lib/software/serial.ts';
import stagedF16Wgsl from '../_lib/staged_f16.wgsl?raw';
import stagedF32Wgsl from '../_lib/staged_f32.wgsl?raw';
import tilesWgsl from '../_lib/tiles.wgsl?raw';
import { defineQuadsKernel, defineWeightKernel, readWeight, type WeightKernel } from '../_lib/weight.ts';
import biasWgsl from './bias.wgsl?raw';
import loraWgsl from './lora.wgsl?raw';
import wgsl from './matmul_nt.wgsl?raw';
import noBiasWgsl from './no_bias.wgsl?raw';
import noLoraWgsl from './no_lora.wgsl?raw';
import quadsWgsl from './software/matmul_nt_quad.wgsl?raw';
import subgroupsWgsl from './subgroups.wgsl?raw';
import workgroupWgsl from './workgroup.wgsl?raw';

/** Joined sources by `bias` and `lora`: a program binds exactly what it reads. */
function joined(
  define: typeof defineWeightKernel,
  ...first: readonly string[]
): (bias: boolean, lora: boolean) => WeightKernel {
  const of = (bias: string, lora: string): WeightKernel => define('matmul_nt', [...first, wgsl, bias, lora].join('\n'));
  const plain = of(noBiasWgsl, noLoraWgsl);
  const withBias = of(biasWgsl, noLoraWgsl);
  const withLora = of(noBiasWgsl, loraWgsl);
  const withBoth = of(biasWgsl, loraWgsl);
  return (bias, lora) => (bias ? (lora ? withBoth : withBias) : lora ? withLora : plain);
}

const tiles = [tilesWgsl, workgroupWgsl] as const;
const sources = joined(defineWeightKernel, stagedF32Wgsl, ...tiles);
const halfSources = joined(defineWeightKernel, stagedF16Wgsl, ...tiles);
const subgroupsSources = joined(defineWeightKernel, subgroupsWgsl, stagedF32Wgsl, ...tiles);
const quadsSources = joined(defineQuadsKernel, quadsWgsl);

export interface MatmulNtArgs {
  /** N */
  readonly rows: number;
  /** I */
  readonly inFeatures: number;
  /** O: rows of this part of W */
  readonly outFeatures: number;
  /** Length of a row of y, which all parts of W fill together. */
  readonly outStride: number;
  /** First column of y this part writes. */
  readonly outOffset: number;
  readonly format: WeightFormat;
  readonly bias: boolean;
  /** R, or 0 without an adapter. */
  readonly rank: number;
  readonly loraScale: number;
  /** Default 1. */
  readonly alpha?: number;
  readonly accumulate?: boolean;
  readonly variant: KernelVariant;
}

export type MatmulNtEntry =
  | 'serial'
  | 'serial_row'
  | 'quads'
  | 'quads_eight'
  | 'quads_narrow'
  | 'quads_row'
  | 'quads_narrow_row'
  | 'tile'
  | 'tile_8'
  | 'tile_f16'
  | 'tile_8_f16'
  | 'matvec'
  | 'matvec_subgroups'
  | 'naive';

/** Outputs of one share: rows x columns of an invocation (serial, naive) or of a workgroup. */
const TILE: Readonly<Record<MatmulNtEntry, readonly [rows: number, cols: number]>> = {
  serial: [8, 16],
  serial_row: [1, 4],
  quads: [16, 64],
  quads_eight: [8, 96],
  quads_narrow: [16, 16],
  quads_row: [1, 16],
  quads_narrow_row: [1, 16],
  tile: [64, 64],
  tile_8: [64, 64],
  tile_f16: [64, 64],
  tile_8_f16: [64, 64],
  matvec: [1, 4],
  matvec_subgroups: [1, 4],
  naive: [1, 1],
};

/** Ways of `workgroup` that add in the same order: among them a measurement may choose. */
const TILES: readonly MatmulNtEntry[] = ['tile', 'tile_8'];

/** Few rows, as in decoding, leave a tile idle; from three rows on reading each weight once for all of them wins. */
export function selectMatmulNt({
  variant,
  rows,
  outFeatures,
}: Pick<MatmulNtArgs, 'variant' | 'rows' | 'outFeatures'>): MatmulNtEntry {
  if (variant === 'workgroup') return rows <= 4 ? 'matvec' : 'tile';
  if (variant === 'serial') return rows <= 2 ? 'serial_row' : 'serial';
  if (outFeatures <= NARROW) return rows <= 2 ? 'quads_narrow_row' : 'quads_narrow';
  if (rows <= 2) return 'quads_row';
  return rows <= 8 ? 'quads_eight' : 'quads';
}

/**
 * y[n,o] = alpha · Σ_i x[n,i] W[o,i] (+ bias[o]) (+ loraScale · Σ_r h[n,r] B[o,r]) (+ y[n,o]).
 * Operands: x [N, I], w_codes, w_scales (but for floats), bias (with `bias`), h [N, R] and lora_b, its rows padded to four
 * values (with `rank`) -> y [N, outStride], of which columns [outOffset, outOffset + O) are written; bias and lora_b are
 * read from row outOffset on, so of a weight in parts they are the whole layer's.
 */
export function matmulNt(args: MatmulNtArgs, entry?: MatmulNtEntry): Launch {
  const selected = entry ?? selectMatmulNt(args);
  const launch = launchOf(args, selected);
  if (entry !== undefined || selected !== 'tile') return launch;
  const { rows, inFeatures, outFeatures, format, rank } = args;
  return {
    ...launch,
    tilings: {
      shape: `matmul_nt ${rows}x${inFeatures}->${outFeatures} ${format} rank ${rank}`,
      launches: Object.fromEntries(TILES.map((name) => [name, launchOf(args, name)])),
    },
  };
}

function launchOf(args: MatmulNtArgs, entry: MatmulNtEntry): Launch {
  const { rows, inFeatures, outFeatures, outStride, outOffset, rank, loraScale, alpha = 1, accumulate = false } = args;
  const isQuads = entry.startsWith('quads');
  // One program of quads serves with and without an adapter.
  const branch = rank > 0 || isQuads;
  const sourcesOf = isQuads
    ? quadsSources
    : entry === 'matvec_subgroups'
      ? subgroupsSources
      : entry.endsWith('_f16')
        ? halfSources
        : sources;
  const weight = readWeight(sourcesOf(args.bias, branch), args.format, inFeatures);
  const [tileRows, tileCols] = TILE[entry];
  const shares = Math.ceil(rows / tileRows) * Math.ceil(outFeatures / tileCols);
  const perInvocation = entry === 'serial' || entry === 'serial_row' || entry === 'naive';
  const workgroupSize = entry === 'naive' ? 64 : SERIAL_WORKGROUP;
  return {
    kernel: weight.kernel,
    entry: entry.replace(/_f16$/, ''),
    overrides: { ...weight.overrides, ...(perInvocation && { WG: workgroupSize }) },
    params: {
      ...weight.params,
      rows,
      in_features: inFeatures,
      out_features: outFeatures,
      out_stride: outStride,
      out_offset: outOffset,
      rank,
      alpha,
      lora_scale: loraScale,
      accumulate: accumulate ? 1 : 0,
    },
    operands: ['x', ...weight.operands, ...(args.bias ? ['bias'] : []), ...(branch ? ['h', 'lora_b'] : []), 'y'],
    ...(branch && rank === 0 && { aliases: { h: 'x', lora_b: 'x' } }),
    workgroups: foldGrid(Math.ceil(shares / (perInvocation ? workgroupSize : 1))),
    flops: 2 * rows * outFeatures * (inFeatures + rank),
  };
}
