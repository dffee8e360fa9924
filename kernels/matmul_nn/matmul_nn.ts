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
import broadcastWgsl from './broadcast.wgsl?raw';
import interfaceWgsl from './interface.wgsl?raw';
import keepWgsl from './keep.wgsl?raw';
import loraWgsl from './lora.wgsl?raw';
import matrixWgsl from './matrix.wgsl?raw';
import matrixLoraWgsl from './matrix_lora.wgsl?raw';
import wgsl from './matmul_nn.wgsl?raw';
import narrowWgsl from './narrow.wgsl?raw';
import noKeepWgsl from './no_keep.wgsl?raw';
import noLoraWgsl from './no_lora.wgsl?raw';
import quadsWgsl from './software/matmul_nn_quad.wgsl?raw';
import serialWgsl from './software/matmul_nn_serial.wgsl?raw';
import wideWgsl from './wide.wgsl?raw';
import workgroupWgsl from './workgroup.wgsl?raw';

/** Joined sources by what a launch reads besides: a program binds exactly that. */
function joined(
  define: typeof defineWeightKernel,
  ...first: readonly string[]
): (lora: boolean, keep: boolean) => WeightKernel {
  const of = (lora: string, keep: string): WeightKernel =>
    define('matmul_nn', [...first, interfaceWgsl, lora, keep].join('\n'));
  const plain = of(noLoraWgsl, noKeepWgsl);
  const withLora = of(loraWgsl, noKeepWgsl);
  const withKeep = of(noLoraWgsl, keepWgsl);
  return (lora, keep) => (lora ? withLora : keep ? withKeep : plain);
}

const sources = joined(defineWeightKernel, tilesWgsl, workgroupWgsl, wgsl);
const wideSources = joined(defineWideKernel, addProductsWgsl, wideTilesWgsl, wideWgsl);
const serialSources = joined(defineWeightKernel, wgsl, serialWgsl);
const broadcastSources = onceFor((entry) => joined(defineWideKernel, broadcastHead(entry), broadcastWgsl, wideWgsl));
const narrowKernel = defineKernel(
  'matmul_nn',
  [addProductsWgsl, narrowColumnsWgsl, narrowWgsl, interfaceWgsl, noKeepWgsl].join('\n'),
);
const quadsKernel = defineQuadsKernel('matmul_nn', [quadsWgsl, wgsl, interfaceWgsl, loraWgsl, noKeepWgsl].join('\n'));

export type MatmulNnEntry =
  | 'serial'
  | 'quads'
  | 'quads_narrow'
  | 'tile'
  | 'tile_8'
  | 'wide'
  | 'wide_small'
  | 'narrow'
  | 'matrix'
  | BroadcastEntry
  | 'naive';

/** Outputs, rows x columns, of an invocation (serial, naive) or of a workgroup. */
const TILE: Readonly<Record<MatmulNnEntry, readonly [rows: number, cols: number]>> = {
  serial: [8, 16],
  quads: [16, 64],
  quads_narrow: [16, 16],
  tile: [64, 64],
  tile_8: [64, 64],
  wide: [64, 64],
  wide_small: [32, 32],
  narrow: [8, 16],
  matrix: [64, 64],
  broadcast_4: [8, 16],
  broadcast_8: [16, 16],
  broadcast_16: [32, 16],
  naive: [1, 1],
};

export interface MatmulNnArgs {
  /** N */
  readonly rows: number;
  /** O: rows of this part of W */
  readonly outFeatures: number;
  /** I */
  readonly inFeatures: number;
  /** Length of a row of dy. */
  readonly dyStride: number;
  /** First column of dy that belongs to this part of W. */
  readonly dyOffset: number;
  readonly format: WeightFormat;
  /** R, or 0 without an adapter. */
  readonly rank: number;
  readonly loraScale: number;
  /** Default 1. */
  readonly alpha?: number;
  readonly accumulate: boolean;
  /** With `accumulate` and without an adapter: what is there is multiplied by a factor for each row first. */
  readonly keep?: boolean;
  readonly variant: KernelVariant;
  /** Where `usesMatrices` says so, dy is read in halves and multiplied by these. */
  readonly matrices?: SubgroupMatrices;
}

/** Whether a product goes through subgroup matrices: not one with a weight in f32, which halves would not hold. */
export function usesMatrices({ matrices, format }: Pick<MatmulNnArgs, 'matrices' | 'format'>): boolean {
  return matrices !== undefined && format !== 'f32';
}

/** Ways of `workgroup` that add in the same order: among them a measurement may choose. */
const SAME_BITS: readonly (readonly MatmulNnEntry[])[] = [
  ['wide', 'wide_small', ...MEASURED_BROADCASTS],
  ['tile', 'tile_8'],
];

export function selectMatmulNn(args: MatmulNnArgs): MatmulNnEntry {
  const { variant, rows, outFeatures, inFeatures, dyStride, dyOffset, format, rank, keep = false } = args;
  if (usesMatrices(args)) return 'matrix';
  if (variant === 'workgroup') {
    const hasQuads = dyStride % 4 === 0 && dyOffset % 4 === 0;
    if (hasQuads && isNarrow(inFeatures, outFeatures) && format === 'f32' && rank === 0 && !keep) return 'narrow';
    const isAligned = hasQuads && inFeatures % WIDE_ALIGNMENT === 0 && outFeatures % WIDE_ALIGNMENT === 0;
    return selectTile({ rows, columns: inFeatures, reduced: outFeatures, isAligned });
  }
  if (variant === 'serial') return 'serial';
  return inFeatures <= NARROW ? 'quads_narrow' : 'quads';
}

/**
 * dx[n,i] = alpha · Σ_o dy[n, dyOffset + o] W[o,i] (+ loraScale · Σ_r dh[n,r] A[r,i]) (+ keep[n] · dx[n,i]), with dh = dy·B.
 * Operands: dy [N, dyStride] (row_halves of its columns, where `usesMatrices`), w_codes, w_scales (but for floats), dh [N, R] and lora_a [R, I], rows
 * padded to four values (with `rank`), keep [N] (with `keep`) -> dx [N, I].
 */
export function matmulNn(args: MatmulNnArgs, entry?: MatmulNnEntry): Launch {
  const selected = entry ?? selectMatmulNn(args);
  const launch = launchOf(args, selected);
  const ways = SAME_BITS.find((some) => some.includes(selected)) ?? [];
  if (entry !== undefined || ways.length === 0) return launch;
  const { rows, outFeatures, inFeatures, format, rank, keep } = args;
  return {
    ...launch,
    tilings: {
      shape: `matmul_nn ${rows}x${outFeatures}->${inFeatures} ${format} rank ${rank}${keep === true ? ' keep' : ''}`,
      launches: Object.fromEntries(
        ways
          .filter((name) => name !== 'wide_small' || outFeatures % SMALL_ALIGNMENT === 0)
          .map((name) => [name, launchOf(args, name)]),
      ),
    },
  };
}

function launchOf(args: MatmulNnArgs, entry: MatmulNnEntry): Launch {
  const { rows, outFeatures, inFeatures, dyStride, dyOffset, rank, loraScale, alpha = 1, keep = false } = args;
  const isQuads = entry === 'quads' || entry === 'quads_narrow';
  // One program of quads serves with and without an adapter.
  const branch = rank > 0 || isQuads;
  const weight = readWeight(sourcesFor(entry, args)(branch, keep), args.format, inFeatures);
  const [tileRows, tileCols] = TILE[entry];
  const shares = Math.ceil(rows / tileRows) * Math.ceil(inFeatures / tileCols);
  const perWorkgroup = entry === 'naive' ? 64 : entry === 'serial' ? SERIAL_WORKGROUP : 1;
  return {
    kernel: entry === 'narrow' ? narrowKernel : weight.kernel,
    entry: isBroadcast(entry) ? 'broadcast' : entry,
    ...(isBroadcast(entry) && { subgroupSize: subgroupSizeOf(entry) }),
    overrides: { ...(entry !== 'narrow' && weight.overrides), ...(entry === 'serial' && { WG: SERIAL_WORKGROUP }) },
    params: {
      ...weight.params,
      rows,
      out_features: outFeatures,
      in_features: inFeatures,
      dy_stride: dyStride,
      dy_offset: dyOffset,
      rank,
      alpha,
      lora_scale: loraScale,
      accumulate: args.accumulate ? 1 : 0,
    },
    operands: [
      entry === 'matrix' ? 'row_halves' : 'dy',
      ...weight.operands,
      ...(branch ? ['dh', 'lora_a'] : []),
      ...(keep ? ['keep'] : []),
      'dx',
    ],
    ...(branch && rank === 0 && { aliases: { dh: 'dy', lora_a: 'dy' } }),
    workgroups: foldGrid(Math.ceil(shares / perWorkgroup)),
    flops: 2 * rows * inFeatures * (outFeatures + rank),
  };
}

function sourcesFor(
  entry: MatmulNnEntry,
  { inFeatures, matrices }: MatmulNnArgs,
): (lora: boolean, keep: boolean) => WeightKernel {
  if (entry === 'matrix') {
    if (matrices === undefined) throw new WebLoraError('internal', 'matmul_nn: matrices of no size');
    return (lora, keep) =>
      matrixKernel('matmul_nn', matrices, 'reduction', inFeatures, [
        ...[matrixWgsl, interfaceWgsl, keep ? keepWgsl : noKeepWgsl],
        lora ? matrixLoraWgsl : matrixNoLoraWgsl,
      ]);
  }
  if (entry === 'quads' || entry === 'quads_narrow') return () => quadsKernel;
  if (isBroadcast(entry)) return broadcastSources(entry);
  if (entry === 'wide' || entry === 'wide_small') return wideSources;
  return entry === 'serial' ? serialSources : sources;
}
