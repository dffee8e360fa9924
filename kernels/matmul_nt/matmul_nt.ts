import { WebLoraError } from '../../src/errors.ts';
import type { WeightFormat } from '../../src/formats/quantize.ts';
import type { KernelVariant, SubgroupMatrices } from '../../src/gpu/device-profile.ts';
import { defineKernel, foldGrid, type Launch } from '../../src/gpu/kernel.ts';
import { matrixKernel } from '../_lib/matrix_tiles.ts';
import matrixNoLoraWgsl from '../_lib/matrix_no_lora.wgsl?raw';
import {
  broadcastHead,
  isBroadcast,
  MEASURED_BROADCASTS,
  onceFor,
  subgroupSizeOf,
  type BroadcastEntry,
} from '../_lib/broadcast.ts';
import { NARROW, SERIAL_WORKGROUP } from '../_lib/software/serial.ts';
import { isNarrow, selectTile, SMALL_ALIGNMENT, WIDE_ALIGNMENT } from '../_lib/tiles.ts';
import tilesWgsl from '../_lib/tiles.wgsl?raw';
import {
  defineQuadsKernel,
  defineWeightKernel,
  defineWideKernel,
  readWeight,
  type WeightKernel,
} from '../_lib/weight.ts';
import addProductsWgsl from '../_lib/add_products.wgsl?raw';
import narrowColumnsWgsl from '../_lib/narrow.wgsl?raw';
import wideTilesWgsl from '../_lib/wide_tiles.wgsl?raw';
import addedWgsl from './added.wgsl?raw';
import biasWgsl from './bias.wgsl?raw';
import broadcastWgsl from './broadcast.wgsl?raw';
import interfaceWgsl from './interface.wgsl?raw';
import loraWgsl from './lora.wgsl?raw';
import matrixWgsl from './matrix.wgsl?raw';
import matrixLoraWgsl from './matrix_lora.wgsl?raw';
import wgsl from './matmul_nt.wgsl?raw';
import narrowWgsl from './narrow.wgsl?raw';
import noAddedWgsl from './no_added.wgsl?raw';
import noBiasWgsl from './no_bias.wgsl?raw';
import noLoraWgsl from './no_lora.wgsl?raw';
import quadsWgsl from './software/matmul_nt_quad.wgsl?raw';
import serialWgsl from './software/matmul_nt_serial.wgsl?raw';
import subgroupsWgsl from './subgroups.wgsl?raw';
import wideWgsl from './wide.wgsl?raw';
import workgroupWgsl from './workgroup.wgsl?raw';

/** Joined sources by `bias` and `lora`: a program binds exactly what it reads. */
function joined(
  define: typeof defineWeightKernel,
  ...first: readonly string[]
): (bias: boolean, lora: boolean) => WeightKernel {
  const of = (bias: string, lora: string): WeightKernel =>
    define('matmul_nt', [...first, interfaceWgsl, bias, lora].join('\n'));
  const plain = of(noBiasWgsl, noLoraWgsl);
  const withBias = of(biasWgsl, noLoraWgsl);
  const withLora = of(noBiasWgsl, loraWgsl);
  const withBoth = of(biasWgsl, loraWgsl);
  return (bias, lora) => (bias ? (lora ? withBoth : withBias) : lora ? withLora : plain);
}

const tiles = [noAddedWgsl, tilesWgsl, workgroupWgsl, wgsl] as const;
const sources = joined(defineWeightKernel, ...tiles);
const addingSources = joined(defineWeightKernel, addedWgsl, tilesWgsl, workgroupWgsl, wgsl);
const subgroupsSources = joined(defineWeightKernel, subgroupsWgsl, ...tiles);
const serialSources = joined(defineWeightKernel, noAddedWgsl, wgsl, serialWgsl);
const quadsSources = joined(defineQuadsKernel, quadsWgsl, noAddedWgsl, wgsl, serialWgsl);
const wide = [addProductsWgsl, wideTilesWgsl, wideWgsl] as const;
const wideSources = joined(defineWideKernel, noAddedWgsl, ...wide);
const wideAddingSources = joined(defineWideKernel, addedWgsl, ...wide);
const broadcastSources = onceFor((entry) =>
  joined(defineWideKernel, broadcastHead(entry), noAddedWgsl, broadcastWgsl, wideWgsl),
);
const broadcastAddingSources = onceFor((entry) =>
  joined(defineWideKernel, broadcastHead(entry), addedWgsl, broadcastWgsl, wideWgsl),
);
const narrowKernel = defineKernel(
  'matmul_nt',
  [addProductsWgsl, narrowColumnsWgsl, narrowWgsl, interfaceWgsl, noBiasWgsl, noAddedWgsl].join('\n'),
);

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
  /** Whether a tensor laid out as y is added: only where `addsInProduct` says so. */
  readonly added?: boolean;
  readonly variant: KernelVariant;
  /** Where `usesMatrices` says so, x is read in halves and multiplied by these. */
  readonly matrices?: SubgroupMatrices;
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
  | 'wide'
  | 'wide_small'
  | 'narrow'
  | 'matrix'
  | BroadcastEntry
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
  wide: [64, 64],
  wide_small: [32, 32],
  narrow: [8, 16],
  matrix: [64, 64],
  broadcast_4: [16, 8],
  broadcast_8: [16, 16],
  broadcast_16: [16, 32],
  matvec: [1, 4],
  matvec_subgroups: [1, 4],
  naive: [1, 1],
};

/** Ways of `workgroup` that add in the same order: among them a measurement may choose. */
const SAME_BITS: readonly (readonly MatmulNtEntry[])[] = [
  ['wide', 'wide_small', ...MEASURED_BROADCASTS],
  ['tile', 'tile_8'],
];

type Selected = Pick<
  MatmulNtArgs,
  'variant' | 'rows' | 'inFeatures' | 'outFeatures' | 'format' | 'bias' | 'rank' | 'matrices'
>;

/** Rows up to which a product on a GPU reads each weight once and shares nothing. */
const FEW_ROWS = 4;

/** Whether a product goes through subgroup matrices: not few rows, nor a weight in f32, which halves would not hold. */
export function usesMatrices({ matrices, rows, format }: Pick<MatmulNtArgs, 'matrices' | 'rows' | 'format'>): boolean {
  return matrices !== undefined && rows > FEW_ROWS && format !== 'f32';
}

/** Few rows, as in decoding, leave a tile idle; from three rows on reading each weight once for all of them wins. */
export function selectMatmulNt(args: Selected): MatmulNtEntry {
  const { variant, rows, inFeatures, outFeatures } = args;
  if (usesMatrices(args)) return 'matrix';
  if (variant === 'workgroup') {
    if (rows <= FEW_ROWS) return 'matvec';
    if (isNarrowProduct(args)) return 'narrow';
    return selectTile({
      rows,
      columns: outFeatures,
      reduced: inFeatures,
      isAligned: inFeatures % WIDE_ALIGNMENT === 0,
    });
  }
  if (variant === 'serial') return rows <= 2 ? 'serial_row' : 'serial';
  if (outFeatures <= NARROW) return rows <= 2 ? 'quads_narrow_row' : 'quads_narrow';
  if (rows <= 2) return 'quads_row';
  return rows <= 8 ? 'quads_eight' : 'quads';
}

/** Whether products can add a tensor themselves: for any count of rows or for none, as plans for few rows share an arena. */
export function addsInProduct(args: Selected): boolean {
  return args.variant === 'workgroup' && !isNarrowProduct(args);
}

function isNarrowProduct({ inFeatures, outFeatures, format, bias, rank }: Omit<Selected, 'variant' | 'rows'>): boolean {
  return isNarrow(outFeatures, inFeatures) && format === 'f32' && !bias && rank === 0;
}

/**
 * y[n,o] = alpha · Σ_i x[n,i] W[o,i] (+ bias[o]) (+ loraScale · Σ_r h[n,r] B[o,r]) (+ added[n,o]) (+ y[n,o]).
 * Operands: x [N, I] (row_halves of it, where `usesMatrices`), w_codes, w_scales (but for floats), bias (with `bias`), h [N, R] and lora_b, its rows padded to four
 * values (with `rank`), added (with `added`) -> y [N, outStride], of which columns [outOffset, outOffset + O) are written; bias and lora_b are
 * read from row outOffset on, so of a weight in parts they are the whole layer's.
 */
export function matmulNt(args: MatmulNtArgs, entry?: MatmulNtEntry): Launch {
  const selected = entry ?? selectMatmulNt(args);
  const launch = launchOf(args, selected);
  const ways = SAME_BITS.find((some) => some.includes(selected)) ?? [];
  if (entry !== undefined || ways.length === 0) return launch;
  const { rows, inFeatures, outFeatures, format, rank } = args;
  return {
    ...launch,
    tilings: {
      shape: `matmul_nt ${rows}x${inFeatures}->${outFeatures} ${format} rank ${rank}`,
      launches: Object.fromEntries(
        ways
          .filter((name) => name !== 'wide_small' || inFeatures % SMALL_ALIGNMENT === 0)
          .map((name) => [name, launchOf(args, name)]),
      ),
    },
  };
}

function launchOf(args: MatmulNtArgs, entry: MatmulNtEntry): Launch {
  const { rows, inFeatures, outFeatures, outStride, outOffset, rank, loraScale, alpha = 1 } = args;
  const { accumulate = false, added = false } = args;
  const isQuads = entry.startsWith('quads');
  // One program of quads serves with and without an adapter.
  const branch = rank > 0 || isQuads;
  const weight = readWeight(sourcesFor(entry, args)(args.bias, branch), args.format, inFeatures);
  const [tileRows, tileCols] = TILE[entry];
  const shares = Math.ceil(rows / tileRows) * Math.ceil(outFeatures / tileCols);
  const isSerial = entry === 'serial' || entry === 'serial_row';
  const perWorkgroup = entry === 'naive' ? 64 : isSerial ? SERIAL_WORKGROUP : 1;
  return {
    kernel: entry === 'narrow' ? narrowKernel : weight.kernel,
    entry: isBroadcast(entry) ? 'broadcast' : entry,
    ...(isBroadcast(entry) && { subgroupSize: subgroupSizeOf(entry) }),
    overrides: { ...(entry !== 'narrow' && weight.overrides), ...(isSerial && { WG: SERIAL_WORKGROUP }) },
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
    operands: [
      entry === 'matrix' ? 'row_halves' : 'x',
      ...weight.operands,
      ...(args.bias ? ['bias'] : []),
      ...(branch ? ['h', 'lora_b'] : []),
      ...(added ? ['added'] : []),
      'y',
    ],
    ...(branch && rank === 0 && { aliases: { h: 'x', lora_b: 'x' } }),
    workgroups: foldGrid(Math.ceil(shares / perWorkgroup)),
    flops: 2 * rows * outFeatures * (inFeatures + rank),
  };
}

function sourcesFor(entry: MatmulNtEntry, args: MatmulNtArgs): (bias: boolean, lora: boolean) => WeightKernel {
  const { added = false, inFeatures, matrices } = args;
  if (entry === 'matrix') {
    if (matrices === undefined) throw new WebLoraError('internal', 'matmul_nt: matrices of no size');
    return (bias, lora) =>
      matrixKernel('matmul_nt', matrices, 'outputs', inFeatures, [
        ...[matrixWgsl, interfaceWgsl, bias ? biasWgsl : noBiasWgsl, added ? addedWgsl : noAddedWgsl],
        lora ? matrixLoraWgsl : matrixNoLoraWgsl,
      ]);
  }
  if (entry.startsWith('quads')) return quadsSources;
  if (isBroadcast(entry)) return (added ? broadcastAddingSources : broadcastSources)(entry);
  if (entry === 'wide' || entry === 'wide_small') return added ? wideAddingSources : wideSources;
  if (entry === 'serial' || entry === 'serial_row') return serialSources;
  if (entry === 'matvec_subgroups') return subgroupsSources;
  return added ? addingSources : sources;
}
