import { WebLoraError } from '../../src/errors.ts';
import type { KernelVariant } from '../../src/gpu/device-profile.ts';
import { foldGrid, type Kernel, type Launch } from '../../src/gpu/kernel.ts';
import type { BroadcastEntry } from '../_lib/broadcast.ts';
import rowsWgsl from '../_lib/software/quad_rows.wgsl?raw';
import { SERIAL_WORKGROUP } from '../_lib/software/serial.ts';
import tanh from '../_lib/tanh.wgsl?raw';
import { defineVectorKernel, vectorWidth, type VectorKernel } from '../_lib/vector.ts';
import backwardWgsl from './attention_backward.wgsl?raw';
import backwardSerialWgsl from './software/attention_backward_serial.wgsl?raw';
import chunkWgsl from './software/attention_chunk.wgsl?raw';
import groupWgsl from './attention_group.wgsl?raw';
import deltaWgsl from './attention_delta.wgsl?raw';
import forwardWgsl from './attention_forward.wgsl?raw';
import tileWgsl from './attention_tile.wgsl?raw';
import forwardQuadsWgsl from './software/attention_forward_quad.wgsl?raw';
import forwardSerialWgsl from './software/attention_forward_serial.wgsl?raw';
import pDsWgsl from './software/attention_p_ds_quad.wgsl?raw';
import productsWgsl from './software/attention_products_quad.wgsl?raw';
import quadsWgsl from './software/attention_quad.wgsl?raw';
import keysWgsl from './keys_of.wgsl?raw';
import noCapWgsl from './no_score_cap.wgsl?raw';
import { broadcastLaunch, broadcastTilings, canBroadcast } from './broadcast.ts';
import pDsOfWgsl from './p_ds_of.wgsl?raw';
import capWgsl from './score_cap.wgsl?raw';

type Sources = (isCapped: boolean) => VectorKernel;

/** A kernel's sources joined, with and without a cap on scores. */
function defineAttention(name: string, ...wgsl: readonly string[]): Sources {
  const capped = defineVectorKernel(name, ...wgsl, keysWgsl, capWgsl, tanh);
  const plain = defineVectorKernel(name, ...wgsl, keysWgsl, noCapWgsl);
  return (isCapped) => (isCapped ? capped : plain);
}

const forward: Readonly<Record<KernelVariant, Sources>> = {
  workgroup: defineAttention('attention_forward', tileWgsl, forwardWgsl),
  serial: defineAttention('attention_forward', forwardSerialWgsl),
  'serial-quad': defineAttention('attention_forward', quadsWgsl, forwardQuadsWgsl, rowsWgsl),
};
const backward: Readonly<Record<Exclude<KernelVariant, 'serial-quad'>, Sources>> = {
  workgroup: defineAttention('attention_backward', tileWgsl, backwardWgsl, pDsOfWgsl),
  serial: defineAttention('attention_backward', backwardSerialWgsl),
};
const pDs = defineAttention('attention_p_ds', quadsWgsl, chunkWgsl, pDsWgsl, rowsWgsl);
const products = defineVectorKernel('attention_products', quadsWgsl, chunkWgsl, productsWgsl, keysWgsl, rowsWgsl);
const delta = defineVectorKernel('attention_delta', deltaWgsl);
const groupSum = defineVectorKernel('attention_group', groupWgsl);

export interface AttentionArgs {
  /** N, flat rows of all segments */
  readonly rows: number;
  /** H */
  readonly heads: number;
  /** K, a divisor of H */
  readonly kvHeads: number;
  /** D, at most 256 */
  readonly headDim: number;
  /** Factor on q·k, usually 1/sqrt(D). */
  readonly scale: number;
  /** Row i sees row j only when i - j < window; left out, all of its segment's past. */
  readonly window?: number;
  /** Scores become cap · tanh(score / cap). */
  readonly softCap?: number;
  readonly variant: KernelVariant;
}

/**
 * Causal attention inside segments, softmax computed online. Row i sees row j when segmentStart(i) <= j <= i.
 * Operands: q [N, H, D], k [N, K, D], v [N, K, D], bounds u32 [N, 2] -> o [N, H, D], lse [N, H] (natural log).
 * @param entry of `workgroup`: this tiling rather than the default with all of them
 */
export function attentionForward(args: AttentionArgs, entry?: BroadcastEntry): Launch {
  const operands = ['q', 'k', 'v', 'bounds', 'o', 'lse'];
  const sources = forward[args.variant];
  if (args.variant !== 'serial-quad') return withTilings(args, launch(args, sources, 'forward', operands, 4), entry);
  return {
    kernel: kernelOf(sources, args),
    entry: 'forward_quads',
    overrides: {},
    params: headParams(args),
    operands,
    workgroups: foldGrid((paddedRowsOf(args) / QUAD_ROWS) * args.heads),
    flops: 4 * productFlops(args),
  };
}

/**
 * What the backward pass needs of a row, in one buffer.
 * Operands: o, dy [N, H, D], lse [N, H] -> lse_delta [N, H, 2] = (lse, delta), delta = Σ_d o·dy.
 */
export function attentionDelta({ rows, heads, headDim }: Omit<AttentionArgs, 'variant'>): Launch {
  return {
    kernel: delta[vectorWidth(headDim)],
    entry: 'delta',
    overrides: { WG: DELTA_WG },
    params: { rows, heads, head_dim: headDim },
    operands: ['o', 'dy', 'lse', 'lse_delta'],
    workgroups: foldGrid(Math.ceil((rows * heads) / DELTA_WG)),
    flops: 2 * rows * heads * headDim,
  };
}

export interface AttentionBackwardArgs extends AttentionArgs {
  /** Which gradients are wanted: dq, or dk and dv. Default: all. */
  readonly gradients?: { readonly q: boolean; readonly kv: boolean };
}

/**
 * The backward pass, in order. Operands: q, k, v, dy, lse_delta, bounds -> dq [N, H, D]; dk, dv [N, K, D], summed over the
 * query heads of each group in fixed order. In `serial-quad`, chunk after chunk of queries, over a scratch operand `p_ds`
 * (see pDsShape); in `workgroup`, where heads share keys, over `dk_heads` and `dv_heads` (see headsShape).
 * @param entry of `workgroup`: this tiling rather than the default with all of them
 */
export function attentionBackward(args: AttentionBackwardArgs, entry?: BroadcastEntry): readonly Launch[] {
  const { gradients: wanted = { q: true, kv: true } } = args;
  const { variant } = args;
  if (variant !== 'serial-quad') {
    const inputs = ['q', 'k', 'v', 'dy', 'lse_delta', 'bounds'];
    const pass = (name: Entry, outputs: readonly string[], productsPerPair: number): Launch =>
      launch(args, backward[variant], name, [...inputs, ...outputs], productsPerPair);
    return [
      ...(wanted.q ? [withTilings(args, pass('backward_dq', ['dq'], 6), entry)] : []),
      ...(wanted.kv ? keyGradients(args, pass('backward_dkv', ['dk', 'dv'], 8), entry) : []),
    ];
  }
  const paddedRows = paddedRowsOf(args);
  return Array.from({ length: Math.ceil(paddedRows / CHUNK_ROWS) }, (_, index) => index * CHUNK_ROWS).flatMap(
    (firstRow) => {
      const chunk = { firstRow, chunkRows: Math.min(CHUNK_ROWS, paddedRows - firstRow) };
      return [
        pDsOf(args, chunk),
        ...(wanted.q ? [productOf(args, chunk, 'dq', 'k')] : []),
        ...(wanted.kv ? [productOf(args, chunk, 'dk', 'q'), productOf(args, chunk, 'dv', 'dy')] : []),
      ];
    },
  );
}

/** [2, H, C, S] of attentionBackward's scratch operand `p_ds`, S the rows rounded up to 16; undefined when it has none. */
export function pDsShape(args: AttentionArgs): readonly [number, number, number, number] | undefined {
  const paddedRows = paddedRowsOf(args);
  return args.variant === 'serial-quad' ? [2, args.heads, Math.min(CHUNK_ROWS, paddedRows), paddedRows] : undefined;
}

/** [N, H, D] of attentionBackward's scratch operands `dk_heads` and `dv_heads`; undefined when it has none. */
export function headsShape({
  rows,
  heads,
  kvHeads,
  headDim,
  variant,
}: AttentionArgs): readonly [number, number, number] | undefined {
  return variant === 'workgroup' && heads > kvHeads ? [rows, heads, headDim] : undefined;
}

/** The launch with what a tuner may choose instead, or the one that is wanted. */
function withTilings(args: AttentionArgs, tile: Launch, entry: BroadcastEntry | undefined): Launch {
  if (entry !== undefined) return broadcastLaunch(tile, args, entry);
  return args.variant === 'workgroup' && canBroadcast(args) ? { ...tile, tilings: broadcastTilings(tile, args) } : tile;
}

/** The launch as it is where each head has keys of its own; else per query head, and their sums. */
function keyGradients(args: AttentionArgs, tile: Launch, entry: BroadcastEntry | undefined): Launch[] {
  if (headsShape(args) === undefined) return [withTilings(args, tile, entry)];
  const { rows, heads, kvHeads, headDim } = args;
  const width = vectorWidth(headDim);
  return [
    withTilings(args, { ...tile, aliases: { dk: 'dk_heads', dv: 'dv_heads' } }, entry),
    {
      kernel: groupSum[width],
      entry: 'sum_group',
      overrides: { WG: 64 },
      params: { rows, heads, kv_heads: kvHeads, head_vecs: headDim / width },
      operands: ['dk_heads', 'dv_heads', 'dk', 'dv'],
      workgroups: foldGrid(Math.ceil((rows * kvHeads * (headDim / width)) / 64)),
      flops: 2 * rows * heads * headDim,
    },
  ];
}

const DELTA_WG = 16;
const LARGEST_HEAD_DIM = 256;
/** Lanes of a tiled workgroup are 8 row groups of 8 lanes. */
const ROW_GROUPS = 8;
/** Floats of a head that are staged in workgroup memory at a time. */
const STAGED_FLOATS = 32;
/** Rows of four invocations that share their loads. */
const QUAD_ROWS = 16;
/** Loads of a head that four invocations compute of a product. */
const QUAD_SLICE = 8;
/**
 * C, queries whose P and dS are stored at a time, so that memory grows with N, never with N². Always as many: sums are in the
 * order of chunks, and a row's bits should not depend on N.
 */
const CHUNK_ROWS = 64;
/** Rows (forward, dq: queries; dkv: keys) that one invocation of the serial variant computes. */
const SERIAL_ROWS = 4;
/** Loads of a head that one invocation of the serial variant sums. */
const SERIAL_SLOTS = { forward: 8, backward_dq: 8, backward_dkv: 4 } as const;
type Entry = keyof typeof SERIAL_SLOTS;

function launch(
  args: AttentionArgs,
  sources: Sources,
  entry: Entry,
  operands: readonly string[],
  productsPerPair: number,
): Launch {
  const { rows, heads, kvHeads, headDim, variant } = args;
  const kernel = kernelOf(sources, args);
  const headVecs = headDim / vectorWidth(headDim);
  const gridHeads = entry === 'backward_dkv' && variant === 'serial' ? kvHeads : heads;
  const flops = productsPerPair * productFlops(args);
  if (variant === 'serial') {
    const slices = Math.ceil(headVecs / SERIAL_SLOTS[entry]);
    return {
      kernel,
      entry,
      overrides: { WG: SERIAL_WORKGROUP },
      params: headParams(args),
      operands,
      workgroups: foldGrid(Math.ceil(rows / (SERIAL_WORKGROUP * SERIAL_ROWS)) * gridHeads * slices),
      flops,
    };
  }
  const chunks = Math.ceil(headDim / STAGED_FLOATS);
  const rowsPerLane = headDim <= 64 ? 4 : headDim <= 128 ? 2 : 1;
  return {
    kernel,
    entry,
    overrides: {
      HEAD_VECS: headVecs,
      CHUNKS: chunks,
      CHUNK_VECS: Math.ceil(headVecs / chunks),
      ROWS_PER_LANE: rowsPerLane,
    },
    params: scoreParams(args),
    operands,
    workgroups: foldGrid(Math.ceil(rows / (ROW_GROUPS * rowsPerLane)) * gridHeads),
    flops,
  };
}

interface Chunk {
  readonly firstRow: number;
  /** A multiple of 16; the last may reach past the rows. */
  readonly chunkRows: number;
}

/** Operands: q, k, v, dy, lse_delta, bounds -> p_ds. */
function pDsOf(args: AttentionArgs, chunk: Chunk): Launch {
  return {
    kernel: kernelOf(pDs, args),
    entry: 'p_ds_quads',
    overrides: {},
    params: { ...headParams(args), first_row: chunk.firstRow, chunk_rows: chunk.chunkRows },
    operands: ['q', 'k', 'v', 'dy', 'lse_delta', 'bounds', 'p_ds'],
    workgroups: foldGrid((chunk.chunkRows / QUAD_ROWS) * args.heads),
    flops: 4 * productFlops(args, chunk),
  };
}

/** Operands: p_ds, `of` and bounds -> `gradient`. */
function productOf(args: AttentionArgs, chunk: Chunk, gradient: 'dq' | 'dk' | 'dv', of: 'q' | 'k' | 'dy'): Launch {
  const { rows, heads, kvHeads, window = 0, headDim } = args;
  const isRows = gradient === 'dq';
  const width = vectorWidth(headDim);
  const tiles = isRows ? chunk.chunkRows / QUAD_ROWS : (chunk.firstRow + chunk.chunkRows) / QUAD_ROWS;
  return {
    kernel: products[width],
    entry: isRows ? 'products_rows' : 'products_columns',
    overrides: {},
    params: {
      rows,
      heads,
      kv_heads: kvHeads,
      window: Math.min(window, rows),
      head_vecs: headDim / width,
      first_row: chunk.firstRow,
      chunk_rows: chunk.chunkRows,
      first_plane: gradient === 'dv' ? 0 : heads,
    },
    operands: ['p_ds', 'x', 'bounds', 'y'],
    aliases: { x: of, y: gradient },
    workgroups: foldGrid(tiles * (isRows ? heads : kvHeads) * Math.ceil(headDim / width / QUAD_SLICE)),
    flops: 2 * productFlops(args, chunk),
  };
}

/** Rows of the quads' tiles, the last of which may reach past N. */
function paddedRowsOf({ rows }: AttentionArgs): number {
  return Math.ceil(rows / QUAD_ROWS) * QUAD_ROWS;
}

/** Multiplications and additions, halved, of one product over every pair: half of the square, or a chunk's rows of it. */
function productFlops(
  { rows, heads, headDim }: AttentionArgs,
  chunk: Chunk = { firstRow: 0, chunkRows: rows },
): number {
  const end = Math.min(rows, chunk.firstRow + chunk.chunkRows);
  return heads * headDim * ((end * (end + 1)) / 2 - (chunk.firstRow * (chunk.firstRow + 1)) / 2);
}

/** @throws `internal` */
function kernelOf(sources: Sources, { heads, kvHeads, headDim, softCap = 0 }: AttentionArgs): Kernel {
  if (headDim > LARGEST_HEAD_DIM || heads % kvHeads !== 0) {
    throw new WebLoraError('internal', 'attention: shape', {
      got: `heads ${heads}, kvHeads ${kvHeads}, headDim ${headDim}`,
      wanted: `heads a multiple of kvHeads, and headDim at most ${LARGEST_HEAD_DIM}`,
    });
  }
  return sources(softCap > 0)[vectorWidth(headDim)];
}

function scoreParams({ rows, heads, kvHeads, scale, window = 0, softCap = 0 }: AttentionArgs): Launch['params'] {
  return { rows, heads, kv_heads: kvHeads, scale, window: Math.min(window, rows), soft_cap: softCap };
}

/** With the length of a head, where no program is made for one length. */
function headParams(args: AttentionArgs): Launch['params'] {
  return { ...scoreParams(args), head_vecs: args.headDim / vectorWidth(args.headDim) };
}
